/// The end of a process whose work nobody waits for any more.
#pragma once

namespace berth::host {

/// With status 0 and at once: other threads may compute, and what they hold is the kernel's to free.
[[noreturn]] void end_process();

}  // namespace berth::host

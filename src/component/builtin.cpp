#include "component/builtin.h"

namespace berth {

std::vector<ComponentClass> builtin_components() { return {}; }

}  // namespace berth

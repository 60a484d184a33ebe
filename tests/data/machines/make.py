#!/usr/bin/env python3
"""Writes the CPU, memory and disk side of the recorded machines; README.md says what is what.

Needs lstopo (Debian: hwloc-nox). Usage: tests/data/machines/make.py
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

HERE = pathlib.Path(__file__).parent
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30

X86 = "fpu tsc sse2 ssse3 sse4_1 sse4_2 popcnt aes avx f16c rdrand avx2 fma bmi2"
ZEN4 = X86 + " avx512f avx512dq avx512cd avx512bw avx512vl avx512_bf16 avx512vbmi avx512_vnni"
SAPPHIRE_RAPIDS = ZEN4 + " avx_vnni avx512_fp16 amx_tile amx_int8 amx_bf16"
CASCADE_LAKE = X86 + " avx512f avx512dq avx512cd avx512bw avx512vl avx512_vnni"


def write(root, name, text):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def mask(ids):
    bits = sum(1 << i for i in ids)
    words = []
    while bits or not words:
        words.append(f"{bits & 0xFFFFFFFF:08x}")
        bits >>= 32
    return ",".join(reversed(words)) + "\n"


def span(ids):
    """0,1,2,5 as "0-2,5"."""
    parts, ids = [], sorted(ids)
    for i in ids:
        if parts and parts[-1][1] == i - 1:
            parts[-1][1] = i
        else:
            parts.append([i, i])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)


class Core:
    def __init__(self, package, threads, caches):
        self.package, self.threads, self.caches = package, threads, caches


def cores_of(packages, cores, smt, l1, l2, l3, cores_per_l3):
    """Numbered as Linux does: the first threads of all cores, then the second ones. Sizes in KiB."""
    found = []
    total = packages * cores
    threads = lambda i: [i + k * total for k in range(smt)]
    for i in range(total):
        first = i - i % cores_per_l3
        shared = [t for j in range(first, first + cores_per_l3) for t in threads(j)]
        found.append(Core(i // cores, threads(i), [(1, "Data", l1, threads(i)), (2, "Unified", l2, threads(i)),
                                                   (3, "Unified", l3, shared)]))
    return found


def hybrid_cores():
    """4 cores of two threads, then two clusters of four small ones that share their L2."""
    everything = list(range(16))
    found = []
    for i in range(4):
        own = [2 * i, 2 * i + 1]
        found.append(Core(0, own, [(1, "Data", 48, own), (2, "Unified", 1280, own), (3, "Unified", 18432, everything)]))
    for i in range(8, 16):
        cluster = list(range(i - i % 4, i - i % 4 + 4))
        found.append(Core(0, [i], [(1, "Data", 32, [i]), (2, "Unified", 2048, cluster),
                                   (3, "Unified", 18432, everything)]))
    return found


def sysfs_of_cores(root, cores):
    everything = sorted(t for core in cores for t in core.threads)
    base = root / "sys/devices/system/cpu"
    for name in ("online", "possible", "present"):
        write(base, name, span(everything) + "\n")
    for number, core in enumerate(cores):
        package = [t for other in cores if other.package == core.package for t in other.threads]
        for thread in core.threads:
            cpu = base / f"cpu{thread}"
            write(cpu, "topology/core_id", f"{number}\n")
            write(cpu, "topology/physical_package_id", f"{core.package}\n")
            write(cpu, "topology/thread_siblings", mask(core.threads))
            write(cpu, "topology/core_siblings", mask(package))
            for index, (level, kind, kib, shared) in enumerate(core.caches):
                write(cpu, f"cache/index{index}/level", f"{level}\n")
                write(cpu, f"cache/index{index}/type", f"{kind}\n")
                write(cpu, f"cache/index{index}/size", f"{kib}K\n")
                write(cpu, f"cache/index{index}/shared_cpu_map", mask(shared))


def lstopo(root, out):
    environment = {**os.environ, "HWLOC_FSROOT": str(root), "HWLOC_COMPONENTS": "linux,stop"}
    subprocess.run(["lstopo", "--no-io", "--whole-system", "--of", "xml", "-f", str(out)], env=environment, check=True)
    text = out.read_text()
    out.write_text(re.sub(r'\s*<info name="(HostName|OSRelease|OSVersion|ProcessName|LinuxCgroup|hwlocVersion)".*?/>',
                          "", text))


def cpuinfo(model, vendor, flags, packages):
    """The first processor of each package: the others say the same."""
    return "".join(f"processor\t: {i}\nvendor_id\t: {vendor}\nmodel name\t: {model}\nphysical id\t: {i}\n"
                   f"flags\t\t: {flags}\n\n" for i in range(packages))


def meminfo(total, free, available, cached, swap=(0, 0), huge_pages=(0, 0)):
    rows = [("MemTotal", total), ("MemFree", free), ("MemAvailable", available), ("Buffers", 0), ("Cached", cached),
            ("SwapTotal", swap[0]), ("SwapFree", swap[1])]
    text = "".join(f"{name + ':':<16}{bytes // KIB:>8} kB\n" for name, bytes in rows)
    return text + (f"HugePages_Total: {huge_pages[0]:>6}\nHugePages_Free:  {huge_pages[1]:>6}\n"
                   "HugePages_Rsvd:       0\nHugePages_Surp:       0\nHugepagesize:       2048 kB\n")


def nodes(root, of_node, total, free, file_cache, distance):
    """of_node: the threads of each node; the rest in bytes of each node."""
    base = root / "sys/devices/system/node"
    write(base, "online", span(range(len(of_node))) + "\n")
    for i, threads in enumerate(of_node):
        rows = [("MemTotal", total[i]), ("MemFree", free[i]), ("Active(file)", file_cache[i] // 4),
                ("Inactive(file)", file_cache[i] // 4 * 3), ("SReclaimable", 0)]
        write(base, f"node{i}/meminfo", "".join(f"Node {i} {n + ':':<16}{b // KIB:>8} kB\n" for n, b in rows))
        write(base, f"node{i}/cpumap", mask(threads))
        write(base, f"node{i}/distance", " ".join("10" if i == j else str(distance) for j in range(len(of_node))) + "\n")


def status(root, cpus, mems):
    write(root, "proc/thread-self/status",
          f"Name:\tberth\nCpus_allowed_list:\t{span(cpus)}\nMems_allowed_list:\t{span(mems)}\n")


def block(root, number, place, rotational=None, slaves=(), mapper=None):
    """A disk or partition at a place below sys/devices; parts of a disk have no queue of their own."""
    folder = root / "sys/devices" / place
    folder.mkdir(parents=True, exist_ok=True)
    write(folder, "dev", number + "\n")
    if rotational is not None:
        write(folder, "queue/rotational", f"{int(rotational)}\n")
    if mapper:
        write(folder, "dm/name", mapper + "\n")
    for slave in slaves:
        link(folder / "slaves" / slave.rsplit("/", 1)[1], root / "sys/devices" / slave)
    link(root / "sys/dev/block" / number, folder)
    link(root / "sys/class/block" / folder.name, folder)


def link(path, target):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(os.path.relpath(target, path.parent))


KERNEL = [("0:21", "/", "/proc", "proc", "proc", "rw"), ("0:22", "/", "/sys", "sysfs", "sysfs", "rw"),
          ("0:24", "/", "/dev/shm", "tmpfs", "tmpfs", "rw")]
CGROUP2 = ("0:26", "/", "/sys/fs/cgroup", "cgroup2", "cgroup2", "rw,nsdelegate")


def mountinfo(root, rows):
    write(root, "proc/self/mountinfo", "".join(
        f"{30 + i} 1 {device} {inner} {point} rw,relatime shared:{i} - {kind} {source} {options}\n"
        for i, (device, inner, point, kind, source, options) in enumerate(rows)))


def file_systems(machine, rows):
    text = "Mounted on 1B-blocks Avail\n" + "".join(f"{point} {size} {free}\n" for point, size, free in rows)
    write(machine, "file_systems.txt", text)


def start(name):
    """The folder of a machine, without what this script wrote there before; what others wrote stays."""
    machine = HERE / name
    root = machine / "root"
    for old in ("proc/cpuinfo", "proc/meminfo", "proc/self/cgroup", "proc/self/mountinfo"):
        (root / old).unlink(missing_ok=True)
    for old in ("proc/thread-self", "sys/fs/cgroup", "sys/devices/system/node", "sys/dev/block", "sys/class/block",
                "sys/devices/disks", "sys/devices/virtual/block"):
        shutil.rmtree(root / old, ignore_errors=True)
    root.mkdir(parents=True, exist_ok=True)
    return machine, root


def finish(machine, root, cores):
    with tempfile.TemporaryDirectory() as temporary:
        whole = pathlib.Path(temporary) / "root"
        shutil.copytree(root, whole, symlinks=True)
        sysfs_of_cores(whole, cores)
        lstopo(whole, machine / "topology.xml")


def plain_cgroup(root, name="/user.slice/user-1000.slice/session-2.scope"):
    write(root, "proc/self/cgroup", f"0::{name}\n")


def threads_of(cores, package=None):
    return sorted(t for core in cores if package in (None, core.package) for t in core.threads)


def one_node(root, cores, total, free, available, cached, **more):
    write(root, "proc/meminfo", meminfo(total, free, available, cached, **more))
    nodes(root, [threads_of(cores)], [total], [free], [cached], 10)
    status(root, threads_of(cores), [0])


def laptop_integrated_gpu():
    machine, root = start("laptop_integrated_gpu")
    cores = hybrid_cores()
    write(root, "proc/cpuinfo", cpuinfo("12th Gen Intel(R) Core(TM) i7-1260P", "GenuineIntel", X86 + " avx_vnni", 1))
    one_node(root, cores, 16 * GIB - 500 * MIB, 3 * GIB, 9 * GIB, 6 * GIB, swap=(8 * GIB, 7 * GIB))
    plain_cgroup(root)
    mountinfo(root, KERNEL + [CGROUP2, ("253:1", "/", "/", "ext4", "/dev/mapper/laptop-root", "rw"),
                              ("253:2", "/", "/home", "ext4", "/dev/mapper/laptop-home", "rw"),
                              ("0:40", "/", "/tmp", "tmpfs", "tmpfs", "rw,size=8126464k")])
    file_systems(machine, [("/", 60 * GIB, 21 * GIB), ("/home", 400 * GIB, 120 * GIB), ("/tmp", 7936 * MIB, 7900 * MIB),
                           ("/dev/shm", 7936 * MIB, 7936 * MIB)])
    disk = "disks/nvme0/nvme0n1"
    block(root, "259:0", disk, rotational=False)
    block(root, "259:3", disk + "/nvme0n1p3")
    block(root, "253:0", "virtual/block/dm-0", slaves=[disk + "/nvme0n1p3"], mapper="luks")
    block(root, "253:1", "virtual/block/dm-1", slaves=["virtual/block/dm-0"], mapper="laptop-root")
    block(root, "253:2", "virtual/block/dm-2", slaves=["virtual/block/dm-0"], mapper="laptop-home")
    finish(machine, root, cores)


def workstation_two_gpus():
    machine, root = start("workstation_two_gpus")
    cores = cores_of(1, 16, 2, 32, 1024, 32768, 8)
    write(root, "proc/cpuinfo", cpuinfo("AMD Ryzen 9 7950X 16-Core Processor", "AuthenticAMD", ZEN4, 1))
    one_node(root, cores, 64 * GIB - GIB, 30 * GIB, 52 * GIB, 22 * GIB)
    plain_cgroup(root)
    mountinfo(root, KERNEL + [CGROUP2, ("259:2", "/", "/", "ext4", "/dev/nvme0n1p2", "rw"),
                              ("0:45", "/@home", "/home", "btrfs", "/dev/nvme1n1", "rw,ssd,subvol=/@home"),
                              ("0:45", "/@models", "/srv/models", "btrfs", "/dev/nvme1n1", "rw,ssd,subvol=/@models"),
                              ("9:0", "/", "/data", "xfs", "/dev/md0", "rw")])
    file_systems(machine, [("/", 200 * GIB, 90 * GIB), ("/home", 2000 * GIB, 700 * GIB),
                           ("/srv/models", 2000 * GIB, 700 * GIB), ("/data", 8000 * GIB, 5000 * GIB)])
    block(root, "259:0", "disks/nvme0/nvme0n1", rotational=False)
    block(root, "259:2", "disks/nvme0/nvme0n1/nvme0n1p2")
    block(root, "259:4", "disks/nvme1/nvme1n1", rotational=False)
    block(root, "8:1", "disks/sda", rotational=True)
    block(root, "8:17", "disks/sdb", rotational=True)
    block(root, "9:0", "virtual/block/md0", slaves=["disks/sda", "disks/sdb"])
    finish(machine, root, cores)


def two_sockets(name, cores, model, vendor, flags, total, free, cached, distance, **more):
    machine, root = start(name)
    write(root, "proc/cpuinfo", cpuinfo(model, vendor, flags, 2))
    write(root, "proc/meminfo", meminfo(sum(total), sum(free), sum(free) + sum(cached) - GIB, sum(cached), **more))
    nodes(root, [threads_of(cores, 0), threads_of(cores, 1)], total, free, cached, distance)
    status(root, threads_of(cores), [0, 1])
    plain_cgroup(root, "/system.slice/sshd.service")
    return machine, root


def server_8gpu_nvlink():
    cores = cores_of(2, 32, 2, 48, 2048, 61440, 32)
    machine, root = two_sockets("server_8gpu_nvlink", cores, "Intel(R) Xeon(R) Platinum 8462Y+", "GenuineIntel",
                                SAPPHIRE_RAPIDS, [1024 * GIB] * 2, [700 * GIB, 900 * GIB], [200 * GIB, 60 * GIB], 21)
    mountinfo(root, KERNEL + [CGROUP2, ("259:2", "/", "/", "ext4", "/dev/nvme0n1p2", "rw"),
                              ("9:127", "/", "/scratch", "xfs", "/dev/md127", "rw")])
    file_systems(machine, [("/", 800 * GIB, 600 * GIB), ("/scratch", 28000 * GIB, 11000 * GIB)])
    block(root, "259:0", "disks/nvme0/nvme0n1", rotational=False)
    block(root, "259:2", "disks/nvme0/nvme0n1/nvme0n1p2")
    for i in range(1, 5):
        block(root, f"259:{10 + i}", f"disks/nvme{i}/nvme{i}n1", rotational=False)
    block(root, "9:127", "virtual/block/md127", slaves=[f"disks/nvme{i}/nvme{i}n1" for i in range(1, 5)])
    finish(machine, root, cores)


def server_mig():
    machine, root = start("server_mig")
    cores = cores_of(1, 16, 2, 32, 512, 32768, 4)
    write(root, "proc/cpuinfo", cpuinfo("AMD EPYC 7313P 16-Core Processor", "AuthenticAMD", X86, 1))
    one_node(root, cores, 256 * GIB - 2 * GIB, 180 * GIB, 240 * GIB, 64 * GIB)
    plain_cgroup(root, "/system.slice/sshd.service")
    mountinfo(root, KERNEL + [CGROUP2, ("259:2", "/", "/", "ext4", "/dev/nvme0n1p2", "rw")])
    file_systems(machine, [("/", 1700 * GIB, 1200 * GIB)])
    block(root, "259:0", "disks/nvme0/nvme0n1", rotational=False)
    block(root, "259:2", "disks/nvme0/nvme0n1/nvme0n1p2")
    finish(machine, root, cores)


def server_amd():
    cores = cores_of(2, 32, 1, 32, 1024, 32768, 8)
    machine, root = two_sockets("server_amd", cores, "AMD EPYC 9334 32-Core Processor", "AuthenticAMD", ZEN4,
                                [384 * GIB] * 2, [300 * GIB, 350 * GIB], [40 * GIB, 10 * GIB], 32,
                                huge_pages=(1024, 1000))
    mountinfo(root, KERNEL + [CGROUP2, ("259:2", "/", "/", "ext4", "/dev/nvme0n1p2", "rw"),
                              ("0:50", "/", "/home", "nfs4", "files.example:/home", "rw,vers=4.2,hard"),
                              ("0:51", "/", "/models", "nfs4", "files.example:/models", "ro,vers=4.2,hard")])
    file_systems(machine, [("/", 400 * GIB, 300 * GIB), ("/home", 90000 * GIB, 20000 * GIB),
                           ("/models", 50000 * GIB, 0)])
    block(root, "259:0", "disks/nvme0/nvme0n1", rotational=False)
    block(root, "259:2", "disks/nvme0/nvme0n1/nvme0n1p2")
    finish(machine, root, cores)


def two_numa_nodes():
    cores = cores_of(2, 20, 2, 32, 1024, 28160, 20)
    machine, root = two_sockets("two_numa_nodes", cores, "Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz", "GenuineIntel",
                                CASCADE_LAKE, [192 * GIB, 64 * GIB], [20 * GIB, 50 * GIB], [120 * GIB, 8 * GIB], 21)
    mountinfo(root, KERNEL + [CGROUP2, ("8:2", "/", "/", "ext4", "/dev/sda2", "rw")])
    file_systems(machine, [("/", 900 * GIB, 300 * GIB)])
    block(root, "8:0", "disks/sda", rotational=True)
    block(root, "8:2", "disks/sda/sda2")
    finish(machine, root, cores)


def broken_driver():
    machine, root = start("broken_driver")
    cores = cores_of(1, 6, 1, 32, 256, 9216, 6)
    write(root, "proc/cpuinfo", cpuinfo("Intel(R) Core(TM) i5-9400F CPU @ 2.90GHz", "GenuineIntel", X86, 1))
    one_node(root, cores, 16 * GIB - 400 * MIB, 10 * GIB, 13 * GIB, 4 * GIB, swap=(2 * GIB, 2 * GIB))
    plain_cgroup(root)
    mountinfo(root, KERNEL + [CGROUP2, ("8:1", "/", "/", "ext4", "/dev/sda1", "rw")])
    file_systems(machine, [("/", 230 * GIB, 80 * GIB)])
    block(root, "8:0", "disks/sda", rotational=False)
    block(root, "8:1", "disks/sda/sda1")
    finish(machine, root, cores)


def group(root, folder, **files):
    for name, text in files.items():
        write(root / "sys/fs/cgroup" / folder, name.replace("__", "."), text)


def stat(inactive_file, active_file, slab, prefix=""):
    return (f"{prefix}inactive_file {inactive_file}\n{prefix}active_file {active_file}\n"
            f"slab_reclaimable {slab}\n")


def container_limits():
    """The pod has the tighter limit, and another container of it holds most of what it may."""
    machine, root = start("container_limits")
    cores = cores_of(1, 16, 2, 32, 512, 32768, 4)
    write(root, "proc/cpuinfo", cpuinfo("AMD EPYC 7313P 16-Core Processor", "AuthenticAMD", X86, 1))
    one_node(root, cores, 128 * GIB, 60 * GIB, 100 * GIB, 44 * GIB, swap=(16 * GIB, 16 * GIB))
    status(root, range(8), [0])
    app = "kubepods.slice/kubepods-burstable.slice/pod4f.slice/app"
    write(root, "proc/self/cgroup", f"0::/{app}\n")
    group(root, app, memory__max=f"{16 * GIB}\n", memory__high="max\n", memory__current=f"{1 * GIB}\n",
          memory__stat=stat(256 * MIB, 128 * MIB, 16 * MIB), cpu__max="max 100000\n", memory__swap__max="0\n",
          memory__swap__current="0\n")
    group(root, os.path.dirname(app), memory__max=f"{12 * GIB}\n", memory__high="max\n",
          memory__current=f"{9 * GIB}\n", memory__stat=stat(2 * GIB, GIB, 128 * MIB), cpu__max="350000 100000\n",
          memory__swap__max="max\n")
    group(root, "kubepods.slice/kubepods-burstable.slice", memory__max="max\n", cpu__max="max 100000\n")
    group(root, "kubepods.slice", memory__max=f"{120 * GIB}\n", memory__current=f"{62 * GIB}\n",
          memory__stat=stat(30 * GIB, 4 * GIB, GIB), cpu__max="3000000 100000\n")
    mountinfo(root, [("0:60", "/", "/", "overlay", "overlay",
                      "rw,lowerdir=/var/lib/layers/1,upperdir=/var/lib/layers/2/fs,workdir=/var/lib/layers/2/work")] +
              KERNEL + [CGROUP2, ("259:3", "/volumes/models", "/models", "ext4", "/dev/nvme0n1p3", "rw")])
    file_systems(machine, [("/", 100 * GIB, 40 * GIB), ("/models", 900 * GIB, 500 * GIB),
                           ("/dev/shm", 64 * MIB, 64 * MIB)])
    block(root, "259:0", "disks/nvme0/nvme0n1", rotational=False)
    block(root, "259:3", "disks/nvme0/nvme0n1/nvme0n1p3")
    finish(machine, root, cores)


def container_cgroup_v1():
    """Groups above the container's own are not mounted; one of them allows less."""
    machine, root = start("container_cgroup_v1")
    cores = cores_of(1, 8, 2, 32, 1024, 16384, 8)
    write(root, "proc/cpuinfo", cpuinfo("Intel(R) Xeon(R) Gold 6134 CPU @ 3.20GHz", "GenuineIntel", CASCADE_LAKE, 1))
    one_node(root, cores, 64 * GIB, 20 * GIB, 50 * GIB, 28 * GIB)
    own = "/docker/4f1c"
    kinds = ["cpuset", "cpu,cpuacct", "memory"]
    write(root, "proc/self/cgroup",
          "".join(f"{9 - i}:{kind}:{own}\n" for i, kind in enumerate(kinds)) + f"1:name=systemd:{own}\n0::{own}\n")
    # The kernel writes what has no limit as the largest number of whole pages.
    group(root, "memory", memory__limit_in_bytes=f"{8 * GIB}\n", memory__usage_in_bytes=f"{3 * GIB}\n",
          memory__stat=stat(GIB, GIB // 2, 0, "total_") + f"hierarchical_memory_limit {6 * GIB}\n",
          memory__soft_limit_in_bytes="9223372036854771712\n")
    group(root, "cpu,cpuacct", cpu__cfs_quota_us="250000\n", cpu__cfs_period_us="100000\n")
    mountinfo(root, [("0:60", "/", "/", "overlay", "overlay", "rw,lowerdir=/l,upperdir=/u,workdir=/w")] + KERNEL +
              [("0:30", "/", "/sys/fs/cgroup", "tmpfs", "tmpfs", "ro,mode=755")] +
              [(f"0:{31 + i}", own, f"/sys/fs/cgroup/{kind}", "cgroup", "cgroup", f"rw,{kind}")
               for i, kind in enumerate(kinds)])
    file_systems(machine, [("/", 100 * GIB, 40 * GIB)])
    finish(machine, root, cores)


def apple_laptop():
    """What hwloc says on macOS, which has neither /proc nor /sys."""
    machine, root = start("apple_laptop")
    description = "package:1 [numa(memory=17179869184)] l2:2(size=16777216) l1d:4(size=131072) core:1 pu:1"
    out = machine / "topology.xml"
    subprocess.run(["lstopo", "--input", description, "--of", "xml", "-f", str(out)], check=True)
    text = re.sub(r'\s*<info name="(SyntheticDescription|ProcessName|hwlocVersion)".*?/>', "", out.read_text())
    text = text.replace('<info name="Backend" value="Synthetic"/>',
                        '<info name="Backend" value="Darwin"/>\n    <info name="OSName" value="Darwin"/>\n'
                        '    <info name="Architecture" value="arm64"/>\n    <info name="CPUModel" value="Apple M2"/>\n'
                        '    <info name="CPUVendor" value="Apple"/>')
    out.write_text(text)
    write(root, "Users/README", "A Mac has neither /proc nor /sys.\n")


if __name__ == "__main__":
    for make in (laptop_integrated_gpu, workstation_two_gpus, server_8gpu_nvlink, server_mig, server_amd, apple_laptop,
                 container_limits, container_cgroup_v1, two_numa_nodes, broken_driver):
        make()

"""Writes topologies in the form of `lstopo FILE.xml` (hwloc's XML format 2), with GPUs as its backends describe them.

They are made by hwloc's manual ("I/O devices", "Info attributes", "Distances") and are no copies of real machines.
"""

import pathlib

HERE = pathlib.Path(__file__).parent


class Topology:
    def __init__(self, nodes, cores):
        self.next_gp, self.nodes, self.cores, self.io, self.tables = 1, nodes, cores, {}, []

    def gp(self):
        self.next_gp += 1
        return self.next_gp

    def pci(self, node, address, kind, ids, name, speed, inside=""):
        """A PCI device and its gp_index; `kind` is its class, `ids` VENDOR:DEVICE."""
        gp = self.gp()
        info = f'<info name="PCIDevice" value="{name}"/>' if name else ""
        self.io.setdefault(node, []).append(
            f'<object type="PCIDev" gp_index="{gp}" pci_busid="{address}" pci_type="{kind} [{ids}] [0000:0000] a1" '
            f'pci_link_speed="{speed}">{info}{inside}</object>')
        return gp

    def os(self, name, subtype, kind, inside="", **infos):
        """An OS device as text, and its gp_index; `kind` is 1 for a GPU, 5 for a coprocessor."""
        gp = self.gp()
        lines = "".join(f'<info name="{key}" value="{value}"/>' for key, value in infos.items())
        return f'<object type="OSDev" gp_index="{gp}" name="{name}" subtype="{subtype}" osdev_type="{kind}">{lines}{inside}</object>', gp

    def table(self, name, objects, values):
        kinds = {kind for kind, _ in objects}
        one = len(kinds) == 1
        indexes = " ".join(str(gp) if one else f"{kind}:{gp}" for kind, gp in objects)
        numbers = " ".join(str(value) for row in values for value in row)
        element = "distances2" if one else "distances2hetero"
        attributes = f'type="{kinds.pop()}" ' if one else ""
        self.tables.append(
            f'<{element} {attributes}nbobjs="{len(objects)}" kind="{9 if one else 25}" name="{name}"{" indexing=" + chr(34) + "gp" + chr(34) if one else ""}>'
            f'<indexes length="{len(indexes)}">{indexes}</indexes><u64values length="{len(numbers)}">{numbers}</u64values></{element}>')

    def write(self, file):
        sets = lambda cpus, node: "".join(
            f' {p}cpuset="{cpus:#010x}" {p}nodeset="{node:#010x}"'.replace("  ", " ") for p in ("", "complete_"))
        every, all_nodes = (1 << self.nodes * self.cores) - 1, (1 << self.nodes) - 1
        out = [f'<object type="Machine" os_index="0"{sets(every, all_nodes)} allowed_cpuset="{every:#010x}" '
               f'allowed_nodeset="{all_nodes:#010x}" gp_index="1">', '<info name="CPUModel" value="Test CPU"/>']
        for node in range(self.nodes):
            cpus = ((1 << self.cores) - 1) << node * self.cores
            out.append(f'<object type="Package" os_index="{node}"{sets(cpus, 1 << node)} gp_index="{self.gp()}">')
            out.append(f'<object type="NUMANode" os_index="{node}"{sets(cpus, 1 << node)} gp_index="{self.gp()}" local_memory="{64 << 30}"/>')
            for core in range(self.cores):
                cpu = node * self.cores + core
                for kind, end in (("Core", ">"), ("PU", "/></object>")):
                    out.append(f'<object type="{kind}" os_index="{cpu}"{sets(1 << cpu, 1 << node)} gp_index="{self.gp()}"{end}')
            if node in self.io:
                out.append(f'<object type="Bridge" gp_index="{self.gp()}" bridge_type="0-1" depth="0" bridge_pci="0000:[{node * 128:02x}-{node * 128 + 127:02x}]">')
                out += self.io[node] + ["</object>"]
            out.append("</object>")
        out += ["</object>"] + self.tables
        text = "\n".join(out)
        (HERE / file).write_text(
            '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE topology SYSTEM "hwloc2.dtd">\n'
            f'<topology version="2.0">\n{text}\n</topology>\n')


def nvlink_switch():
    """Four H100 on two NUMA nodes, behind two NVSwitches; one more display that is no GPU for computing."""
    t, nvml, switches = Topology(2, 2), [], []
    for i, address in enumerate(["0000:1b:00.0", "0000:43:00.0", "0000:8b:00.0", "0000:c3:00.0"]):
        # CUDA counts backwards here, NVML by address.
        cuda, _ = t.os(f"cuda{3 - i}", "CUDA", 5, Backend="CUDA", GPUVendor="NVIDIA Corporation",
                       GPUModel="NVIDIA H100 80GB HBM3", CUDAGlobalMemorySize=83516480 - i)
        management, gp = t.os(f"nvml{i}", "NVML", 1, Backend="NVML", GPUVendor="NVIDIA Corporation",
                              GPUModel="NVIDIA H100 80GB HBM3", NVIDIAUUID=f"GPU-0000000{i}")
        opencl, _ = t.os(f"opencl0d{i}", "OpenCL", 5, OpenCLDeviceType="GPU", GPUVendor="NVIDIA Corporation",
                         GPUModel="NVIDIA H100 80GB HBM3", OpenCLGlobalMemorySize=83000000)
        nvml.append(gp)
        t.pci(i // 2, address, "0302", "10de:2330", "GH100 [H100 SXM5 80GB]", "63.015385", cuda + management + opencl)
    for i in range(2):
        switches.append(t.pci(0, f"0000:0{i + 5}:00.0", "0680", "10de:22a3", "GH100 [H100 NVSwitch]", "1.969231"))
        t.io[0][-1] = t.io[0][-1].replace('type="PCIDev"', 'type="PCIDev" subtype="NVSwitch"')
    t.pci(0, "0000:02:00.0", "0300", "1a03:2000", "ASPEED Graphics Family", "0.5")
    objects = [("OSDev", gp) for gp in nvml] + [("PCIDev", gp) for gp in switches]
    speed = lambda a, b: 1000000 if a == b else 225000 if (a < 4) != (b < 4) else 0
    t.table("NVLinkBandwidth", objects, [[speed(a, b) for b in range(6)] for a in range(6)])
    t.write("nvlink_switch.xml")


def nvlink_direct():
    """Two GPUs with four NVLinks between them, and a third without."""
    t, nvml = Topology(1, 4), []
    for i in range(3):
        cuda, _ = t.os(f"cuda{i}", "CUDA", 5, GPUVendor="NVIDIA Corporation", GPUModel="RTX A6000", CUDAGlobalMemorySize=49812480)
        management, gp = t.os(f"nvml{i}", "NVML", 1, GPUVendor="NVIDIA Corporation", GPUModel="RTX A6000")
        nvml.append(("OSDev", gp))
        t.pci(0, f"0000:{i + 1:02x}:00.0", "0300", "10de:2230", "", "31.507692", cuda + management)
    t.table("NVLinkBandwidth", nvml, [[1000000, 56248, 0], [56248, 1000000, 0], [0, 0, 1000000]])
    t.write("nvlink_direct.xml")


def several_vendors():
    """AMD with XGMI, Intel with tiles and an integrated GPU, OpenCL on the CPU, and an NVIDIA GPU without its driver."""
    t, rsmi = Topology(1, 4), []
    for i in range(2):
        text, gp = t.os(f"rsmi{i}", "RSMI", 1, Backend="RSMI", GPUVendor="AMD", GPUModel="AMD Instinct MI250X", AMDUUID=f"c0ffee{i}",
                        RSMIVRAMSize=67092480, RSMIVisibleVRAMSize=67092480, RSMIGTTSize=263000000)
        rsmi.append(("OSDev", gp))
        t.pci(0, f"0000:c{i}:00.0", "0380", "1002:7408", "", "31.507692", text)
    tile = lambda i: t.os(f"ze0.{i}", "LevelZero", 5, LevelZeroSubdeviceID=i, LevelZeroHBMSize=67108864)[0]
    max_gpu, _ = t.os("ze0", "LevelZero", 5, tile(0) + tile(1), Backend="LevelZero", LevelZeroVendor="Intel(R) Corporation",
                      LevelZeroModel="Intel(R) Data Center GPU Max 1550", LevelZeroDeviceType="GPU", LevelZeroHBMSize=134217728)
    t.pci(0, "0000:3a:00.0", "0380", "8086:0bd5", "", "63.015385", max_gpu)
    small, _ = t.os("opencl1d0", "OpenCL", 5, OpenCLDeviceType="GPU", GPUVendor="Intel(R) Corporation",
                    GPUModel="Intel(R) UHD Graphics 770", OpenCLGlobalMemorySize=52428800)
    t.pci(0, "0000:00:02.0", "0300", "8086:4680", "AlderLake-S GT1", "0", small)
    cpu, _ = t.os("opencl2d0", "OpenCL", 5, OpenCLDeviceType="CPU", GPUVendor="Intel(R) Corporation", OpenCLGlobalMemorySize=65536000)
    t.io[0].append(cpu)
    t.pci(0, "0000:65:00.0", "0300", "10de:2684", "AD102 [GeForce RTX 4090]", "31.507692")
    t.table("XGMIBandwidth", rsmi, [[0, 100000], [100000, 0]])
    t.write("several_vendors.xml")


nvlink_switch()
nvlink_direct()
several_vendors()

import type { GuestDiagnostics } from '#shared/contracts/compute-agent.ts';
import type { Server } from '../servers/store.ts';

interface Input {
  readonly server: Server;
  readonly found: GuestDiagnostics;
  readonly hypervisor: string;
}

/** Until 2.47: the counters of libvirt, by device. */
export const freeView = ({ server, found }: Input): Record<string, number> => ({
  ...Object.fromEntries(found.cpuNs.map((ns, at) => [`cpu${at}_time`, ns])),
  ...Object.fromEntries(
    found.disks.flatMap(({ device, readBytes, readRequests, writeBytes, writeRequests, errors }) => [
      [`${device}_read`, readBytes],
      [`${device}_read_req`, readRequests],
      [`${device}_write`, writeBytes],
      [`${device}_write_req`, writeRequests],
      [`${device}_errors`, errors],
    ]),
  ),
  ...Object.fromEntries(
    found.nics.flatMap(({ tap, counters }) =>
      Object.entries(counters ?? {}).map(([name, value]) => [`${tap}_${name}`, value]),
    ),
  ),
  memory: server.flavor.ramMb * 1024,
  'memory-actual': found.usedRamMb * 1024,
});

/** From 2.48 on the same for all drivers. Nova's name of the driver of QEMU is libvirt. */
export const standardView = ({ server, found, hypervisor }: Input) => ({
  state: server.powerState === 'paused' ? 'paused' : 'running',
  driver: 'libvirt',
  hypervisor,
  hypervisor_os: 'linux',
  uptime: found.uptimeS,
  config_drive: server.configDrive,
  num_cpus: found.cpuNs.length,
  num_nics: found.nics.length,
  num_disks: found.disks.length,
  cpu_details: found.cpuNs.map((time, id) => ({ id, time, utilisation: null })),
  disk_details: found.disks.map((disk) => ({
    read_bytes: disk.readBytes,
    read_requests: disk.readRequests,
    write_bytes: disk.writeBytes,
    write_requests: disk.writeRequests,
    errors_count: disk.errors,
  })),
  nic_details: found.nics.map(({ mac, counters }) => ({
    mac_address: mac,
    rx_octets: counters?.rx_bytes ?? null,
    rx_errors: counters?.rx_errors ?? null,
    rx_drop: counters?.rx_dropped ?? null,
    rx_packets: counters?.rx_packets ?? null,
    rx_rate: null,
    tx_octets: counters?.tx_bytes ?? null,
    tx_errors: counters?.tx_errors ?? null,
    tx_drop: counters?.tx_dropped ?? null,
    tx_packets: counters?.tx_packets ?? null,
    tx_rate: null,
  })),
  memory_details: { maximum: server.flavor.ramMb, used: found.usedRamMb },
});

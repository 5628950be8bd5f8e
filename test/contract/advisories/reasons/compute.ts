/** Advisories on compute and its agents without a test, and why they do not apply. */
export const reasons: Readonly<Record<string, string>> = {
  'OSSA-2012-011':
    'No code opens the file system of a guest: the tools that touch disks are qemu-img, mkfs.ext4 and mkswap in services/compute-agent/drivers/qemu/disks.ts, as the user of the guest, and personality is refused.',
  'OSSA-2012-020':
    'A local disk is a new qcow2 file, whose unwritten clusters read as zeros, and goes with its folder; services/compute-agent/drivers/qemu/disks.ts hands no block device from one guest to the next.',
  'OSSA-2013-030':
    'Rules hang on the port in tables of the network agent of its host: services/compute/workflows/moves/on-migration.ts binds the ports to the new host and waits until each is ACTIVE before the guest boots there.',
  'OSSA-2014-003':
    'A guest has a folder of its own, named by its id, and its disks are files in it, named by the ids of its spec: services/compute-agent/drivers/qemu/transfer/receive.ts creates them there as any other start does, and exports them under these names alone.',
  'OSSA-2017-006':
    'There is no rebuild: services/compute/routes.ts has no such action, and the only claim is made by the step claim-resources under the id of the server, which replaces itself.',
  'OSSA-2020-006':
    'A live migration takes no description of devices from the old host: services/compute-agent/drivers/qemu/command.ts builds the command line there from the spec of the new host, as it does for each later start.',
  'OSSN-0001':
    'Guests run on QEMU alone: there is no driver of containers in services/compute-agent/drivers, and the fake one starts no process and reports itself as hypervisor type fake.',
  'OSSN-0022':
    'Rules are no part of a guest: they stand in tables of the network agent by the port, and neither a soft reboot nor a restart of services/compute-agent removes or adds one.',
  'OSSN-0108':
    'No row, spec or argument has a CephX key: services/compute-agent/drivers/ceph-key.ts reads it from the keyring of the host at the start of the agent, whose restart leaves guests alone; disks that are plugged afterwards use the new key.',
  'FIX-NO-MDSECRET':
    'There is no shared secret of a metadata proxy: the network agent asks compute over the bus, as its own user, and the question names port, project and server.',
};

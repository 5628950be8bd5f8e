/** The namespaces that clients expect to find: names, types and values are those of OpenStack. */

interface Property {
  readonly name: string;
  readonly title: string;
  readonly type: string;
  readonly description: string;
  readonly [keyword: string]: unknown;
}

interface Namespace {
  readonly namespace: string;
  readonly displayName: string;
  readonly description: string;
  readonly types: readonly { readonly name: string; readonly prefix?: string; readonly target?: string }[];
  readonly properties: readonly Property[];
  readonly objects: readonly {
    readonly name: string;
    readonly description: string;
    readonly properties: Readonly<Record<string, unknown>>;
  }[];
}

const image = (prefix?: string) => ({ name: 'OS::Glance::Image', ...(prefix ? { prefix } : {}) });
const flavor = (prefix?: string) => ({ name: 'OS::Nova::Flavor', ...(prefix ? { prefix } : {}) });
const aggregate = (prefix?: string) => ({ name: 'OS::Nova::Aggregate', ...(prefix ? { prefix } : {}) });
/** Of a volume, what its image metadata may have. */
const volume = (prefix?: string) => ({ name: 'OS::Cinder::Volume', target: 'image', ...(prefix ? { prefix } : {}) });
const hardware = [image('hw_'), volume('hw_'), flavor('hw:')];

const property =
  (type: string) =>
  (name: string, title: string, description: string, more: object = {}): Property => ({
    name,
    title,
    type,
    description,
    ...more,
  });
const text = property('string');
const integer = property('integer');
const number = property('number');
const flag = property('boolean');
const oneOf = (name: string, title: string, description: string, values: readonly string[], more: object = {}) =>
  text(name, title, description, { enum: values, ...more });

const named = (name: string, description: string, properties: readonly Property[]) => ({
  name,
  description,
  properties: Object.fromEntries(properties.map(({ name: key, ...rest }) => [key, rest])),
});

const uuid = '^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$';
const buses = ['scsi', 'virtio', 'uml', 'xen', 'ide', 'usb', 'fdc', 'sata', 'lxc'];
const yesOrNo = ['yes', 'no'];
const trueOrFalse = ['true', 'false'];

const space = (
  namespace: string,
  displayName: string,
  description: string,
  types: Namespace['types'],
  properties: readonly Property[],
  objects: Namespace['objects'] = [],
): Namespace => ({ namespace, displayName, description, types, properties, objects });

export const standardNamespaces: readonly Namespace[] = [
  space(
    'OS::Compute::AggregateDiskFilter',
    'Disk Allocation per Host',
    'How far the disks of the hosts of an aggregate may be oversubscribed.',
    [aggregate()],
    [
      number('disk_allocation_ratio', 'Disk Subscription Ratio', 'Virtual disk space per physical disk space.', {
        readonly: false,
      }),
    ],
  ),
  space(
    'OS::Compute::AggregateIoOpsFilter',
    'IO Ops per Host',
    'How many operations that load the disks a host of an aggregate takes at once.',
    [aggregate()],
    [
      integer('max_io_ops_per_host', 'Maximum IO Operations per Host', 'A host with more gets no new server.', {
        ...{ readonly: false, default: 8, minimum: 1 },
      }),
    ],
  ),
  space(
    'OS::Compute::AggregateNumInstancesFilter',
    'Instances per Host',
    'How many servers a host of an aggregate takes.',
    [aggregate()],
    [
      integer('max_instances_per_host', 'Max Instances Per Host', 'A host with as many gets no new server.', {
        ...{ readonly: false, minimum: 0 },
      }),
    ],
  ),
  space(
    'OS::Compute::CPUMode',
    'CPU Mode',
    'Which processor a server sees.',
    [image('hw_'), flavor('hw:')],
    [
      oneOf('cpu_mode', 'CPU Mode', 'The processor of the host, its closest named model, or a chosen model.', [
        ...['none', 'host-model', 'host-passthrough', 'custom'],
      ]),
    ],
  ),
  space('OS::Compute::CPUPinning', 'CPU Pinning', 'Whether virtual CPUs have host CPUs of their own.', hardware, [
    oneOf(
      'cpu_policy',
      'CPU Pinning policy',
      'shared: virtual CPUs float over host CPUs. dedicated: each has one of its own.',
      ['shared', 'dedicated'],
    ),
    oneOf(
      'cpu_thread_policy',
      'CPU Thread Pinning Policy.',
      'How pinned CPUs are placed on the hardware threads of a host.',
      ['isolate', 'prefer', 'require'],
    ),
  ]),
  space(
    'OS::Compute::GuestMemoryBacking',
    'Guest Memory Backing',
    'What memory of the host a server gets.',
    [flavor('hw:'), image('hw_'), volume('hw_')],
    [text('mem_page_size', 'Size of memory page', 'small, large, any, or a size such as 4KB, 2MB or 1GB.')],
  ),
  space(
    'OS::Compute::GuestShutdownBehavior',
    'Shutdown Behavior',
    'How long a guest may take to shut down.',
    [image()],
    [
      integer('os_shutdown_timeout', 'Shutdown timeout', 'Seconds until a guest that does not shut down is stopped.', {
        minimum: 0,
      }),
    ],
  ),
  space(
    'OS::Compute::HostCapabilities',
    'Compute Host Capabilities',
    'What the host of a server has to have.',
    [flavor('capabilities:'), aggregate('aggregate_instance_extra_specs:')],
    [
      oneOf('cpu_info:vendor', 'Vendor', 'The vendor of the processor.', ['Intel', 'AMD'], { operators: ['<or>'] }),
      text('cpu_info:model', 'Model', 'The model of the processor.', { operators: ['<or>'] }),
      oneOf(
        'cpu_info:arch',
        'Architecture',
        'The architecture of the processor.',
        ['x86', 'x86_64', 'i686', 'ia64', 'ARMv8-A', 'ARMv7-A'],
        { operators: ['<or>'] },
      ),
      integer('cpu_info:topology:cores', 'cores', 'Cores per socket.', { readonly: false, default: 1 }),
      integer('cpu_info:topology:threads', 'threads', 'Threads per core.', { readonly: false, default: 1 }),
      integer('cpu_info:topology:sockets', 'sockets', 'Sockets of the host.', { readonly: false, default: 1 }),
      property('array')('cpu_info:features', 'Features', 'Flags that the processor has.', {
        operators: ['<or>', '<all-in>'],
        items: { type: 'string' },
      }),
    ],
  ),
  space(
    'OS::Compute::Hypervisor',
    'Hypervisor Selection',
    'Which kind of host an image needs.',
    [image()],
    [
      oneOf('hypervisor_type', 'Hypervisor Type', 'The kind of hypervisor that the image was made for.', [
        ...['baremetal', 'hyperv', 'kvm', 'lxc', 'powervm', 'qemu', 'uml', 'vmware', 'vz', 'xen'],
      ]),
      oneOf('vm_mode', 'VM Mode', 'The interface between guest and host.', ['hvm', 'xen', 'uml', 'exe']),
    ],
  ),
  space(
    'OS::Compute::InstanceData',
    'Instance Config Data',
    'What a guest needs from its host besides devices.',
    [image(), volume()],
    [
      oneOf('img_config_drive', 'Config Drive', 'Whether the guest needs a config drive to start.', [
        ...['optional', 'mandatory'],
      ]),
      oneOf(
        'os_require_quiesce',
        'Require Quiescent File system',
        'Whether snapshots wait until the guest agent has frozen the file systems.',
        yesOrNo,
      ),
    ],
  ),
  space(
    'OS::Compute::LibvirtImage',
    'Driver Options for Images',
    'Devices of servers that start from the image.',
    [image()],
    [
      oneOf('hw_cdrom_bus', 'CD-ROM Bus', 'The bus of CD-ROM drives.', buses),
      oneOf('hw_disk_bus', 'Disk Bus', 'The bus of disks.', buses),
      oneOf('hw_firmware_type', 'Firmware Type', 'The firmware that the disk starts with.', ['bios', 'uefi']),
      flag('hw_firmware_stateless', 'Stateless Firmware', 'Whether the firmware forgets its settings at each start.'),
      text('hw_rng_model', 'Random Number Generator Device model', 'The random number generator of the guest.', {
        default: 'virtio',
      }),
      text('hw_machine_type', 'Machine Type', 'The machine that the guest sees: q35, pc, virt.'),
      text('hw_scsi_model', 'SCSI Model', 'The controller of disks on the SCSI bus.', { default: 'virtio-scsi' }),
      oneOf('hw_video_model', 'Video Model', 'The graphics adapter.', [
        ...['vga', 'cirrus', 'vmvga', 'xen', 'qxl', 'virtio', 'gop', 'none', 'bochs'],
      ]),
      integer('hw_video_ram', 'Max Video Ram', 'Memory of the graphics adapter in MB.', { minimum: 0 }),
      text('os_command_line', 'Kernel Command Line', 'Arguments of the kernel, with kernel_id and ramdisk_id.'),
      oneOf('os_type', 'OS Type', 'The family of the operating system.', ['linux', 'windows']),
      oneOf('hw_vif_model', 'Virtual Network Interface', 'The network adapter.', [
        ...['e1000', 'e1000e', 'ne2k_pci', 'netfront', 'pcnet', 'rtl8139', 'spapr-vlan', 'virtio', 'vmxnet3', 'igb'],
      ]),
      oneOf('hw_vif_multiqueue_enabled', 'Multiqueue Enabled', 'One network queue per virtual CPU.', trueOrFalse),
      oneOf('hw_pmu', 'Virtual Performance Monitoring Unit', 'Whether the guest can count events.', trueOrFalse),
      oneOf('hw_qemu_guest_agent', 'QEMU Guest Agent', 'Whether the guest runs the agent of QEMU.', yesOrNo),
      oneOf('hw_pointer_model', 'Pointer Model', 'The pointing device of the console.', ['usbtablet']),
      oneOf('img_hide_hypervisor_id', 'Hide hypervisor id', 'Whether the guest may not see the hypervisor.', yesOrNo),
    ],
  ),
  space(
    'OS::Compute::Libvirt',
    'Driver Options',
    'Devices of servers, by flavor or by image.',
    [image('hw_'), flavor('hw:')],
    [
      integer('serial_port_count', 'Serial Port Count', 'How many serial ports a server has.', { minimum: 0 }),
      oneOf('boot_menu', 'Boot Menu', 'Whether the firmware shows its boot menu.', trueOrFalse),
      oneOf('mem_encryption', 'Hardware Memory Encryption', 'Whether the memory is encrypted.', trueOrFalse),
      oneOf('mem_encryption_model', 'Hardware Memory Encryption Model', 'By which technique.', [
        ...['amd-sev', 'amd-sev-es', 'amd-sev-snp'],
      ]),
      oneOf('virtio_packed_ring', 'Virtio Packed Ring', 'Whether virtio queues are packed.', trueOrFalse),
    ],
  ),
  space(
    'OS::Compute::Quota',
    'Flavor Quota',
    'How much of its host a server may use.',
    [flavor()],
    [],
    [
      named('CPU Limits', 'Shares and limits of CPU time.', [
        integer('quota:cpu_shares', 'Quota: CPU Shares', 'The weight of the server among those of its host.'),
        integer('quota:cpu_period', 'Quota: CPU Period', 'The period of the limit in microseconds.', {
          ...{ minimum: 1_000, maximum: 1_000_000 },
        }),
        integer('quota:cpu_quota', 'Quota: CPU Quota', 'CPU time per period in microseconds.'),
      ]),
      named('Disk QoS', 'Limits of the disks of the server.', [
        integer('quota:disk_read_bytes_sec', 'Quota: Disk read bytes / sec', 'Bytes read per second.'),
        integer('quota:disk_read_iops_sec', 'Quota: Disk read IOPS / sec', 'Reads per second.'),
        integer('quota:disk_write_bytes_sec', 'Quota: Disk Write Bytes / sec', 'Bytes written per second.'),
        integer('quota:disk_write_iops_sec', 'Quota: Disk Write IOPS / sec', 'Writes per second.'),
        integer('quota:disk_total_bytes_sec', 'Quota: Disk Total Bytes / sec', 'Bytes per second.'),
        integer('quota:disk_total_iops_sec', 'Quota: Disk Total IOPS / sec', 'Operations per second.'),
      ]),
      named('Virtual Interface QoS', 'Limits of each network interface of the server.', [
        integer('quota:vif_inbound_average', 'Quota: VIF Inbound Average', 'Received kB per second on average.'),
        integer('quota:vif_inbound_burst', 'Quota: VIF Inbound Burst', 'Received kB in one burst.'),
        integer('quota:vif_inbound_peak', 'Quota: VIF Inbound Peak', 'Received kB per second at most.'),
        integer('quota:vif_outbound_average', 'Quota: VIF Outbound Average', 'Sent kB per second on average.'),
        integer('quota:vif_outbound_burst', 'Quota: VIF Outbound Burst', 'Sent kB in one burst.'),
        integer('quota:vif_outbound_peak', 'Quota: VIF Outbound Peak', 'Sent kB per second at most.'),
      ]),
    ],
  ),
  space(
    'OS::Compute::RandomNumberGenerator',
    'Random Number Generator',
    'Whether a server gets random numbers of its host, and how many.',
    [flavor()],
    [
      flag('hw_rng:allowed', 'Random Number Generator Allowed', 'Whether servers of the flavor may have the device.'),
      integer('hw_rng:rate_bytes', 'Random number generator limits.', 'Bytes per period.'),
      integer('hw_rng:rate_period', 'Random number generator read period.', 'The period in milliseconds.'),
    ],
  ),
  space('OS::Compute::VirtCPUTopology', 'Virtual CPU Topology', 'How the virtual CPUs are arranged.', hardware, [
    integer('cpu_sockets', 'vCPU Sockets', 'Sockets of the server.'),
    integer('cpu_cores', 'vCPU Cores', 'Cores per socket.'),
    integer('cpu_threads', 'vCPU Threads', 'Threads per core.'),
    integer('cpu_max_sockets', 'Max vCPU Sockets', 'Sockets at most.'),
    integer('cpu_max_cores', 'Max vCPU Cores', 'Cores per socket at most.'),
    integer('cpu_max_threads', 'Max vCPU Threads', 'Threads per core at most.'),
  ]),
  space(
    'OS::Compute::TPM',
    'TPM Options',
    'The virtual TPM of a server.',
    [flavor('hw:'), image('hw_')],
    [
      oneOf('tpm_model', 'TPM model', 'The interface of the device.', ['tpm-tis', 'tpm-crb'], {
        ...{ operators: ['<or>'], default: 'tpm-tis' },
      }),
      oneOf('tpm_version', 'TPM version', 'The version of the standard.', ['1.2', '2.0'], { operators: ['<or>'] }),
    ],
  ),
  space(
    'OS::Compute::VTPM',
    'Emulated Virtual TPM',
    'Hosts that can emulate a TPM.',
    [flavor('traits:'), image('traits:')],
    ['1_2', '2_0'].map((version) =>
      oneOf(
        `COMPUTE_SECURITY_TPM_${version}`,
        `Virtual TPM Version ${version.replace('_', '.')} Support`,
        'The host has to support this version.',
        ['required'],
        { default: 'required' },
      ),
    ),
  ),
  space('OS::Compute::Watchdog', 'Watchdog Behavior', 'What happens when a guest hangs.', hardware, [
    oneOf('watchdog_action', 'Watchdog Action', 'What the host does with a guest that hangs.', [
      ...['disabled', 'reset', 'poweroff', 'pause', 'none'],
    ]),
  ]),
  space(
    'OS::Glance::CommonImageProperties',
    'Common Image Properties',
    'Properties that images have by convention.',
    [],
    [
      text('kernel_id', 'Kernel ID', 'The image of the kernel to start with.', { pattern: uuid }),
      text('ramdisk_id', 'Ramdisk ID', 'The image of the initial RAM disk to start with.', { pattern: uuid }),
      text('instance_uuid', 'Instance ID', 'The server that the image is a snapshot of.'),
      text('architecture', 'CPU Architecture', 'The architecture that the image needs: x86_64, aarch64.'),
      text('os_distro', 'OS Distro', 'The distribution in the image, in lower case: debian, ubuntu.'),
      text('hw_cpu_mode', 'CPU Mode', 'The processor that the guest needs.'),
      text('os_version', 'OS Version', 'The version of the distribution, as its makers name it.'),
      text('description', 'Image description', 'What is in the image.'),
      text('cinder_encryption_key_id', 'Cinder Encryption Key ID', 'The key of an image of an encrypted volume.'),
      oneOf(
        'cinder_encryption_key_deletion_policy',
        'Cinder Encryption Key Deletion Policy',
        'Whether the key is deleted with the image.',
        ['on_image_deletion', 'do_not_delete'],
      ),
    ],
  ),
  space(
    'OS::Glance::Signatures',
    'Image Signature Verification',
    'The signature of the data of an image.',
    [image()],
    [
      text('img_signature', 'Image Signature', 'The signature in base64.'),
      text('img_signature_certificate_uuid', 'Image Signature Certificate UUID', 'The certificate in the key manager.'),
      oneOf('img_signature_hash_method', 'Image Signature Hash Method', 'The digest that is signed.', [
        ...['SHA-224', 'SHA-256', 'SHA-384', 'SHA-512'],
      ]),
      oneOf('img_signature_key_type', 'Image Signature Key Type', 'The kind of the key.', [
        ...['RSA-PSS', 'DSA', 'ECC_SECT571K1', 'ECC_SECT409K1', 'ECC_SECT571R1', 'ECC_SECT409R1'],
        ...['ECC_SECP521R1', 'ECC_SECP384R1'],
      ]),
    ],
  ),
  space(
    'OS::OperatingSystem',
    'Common Operating System Properties',
    'The operating system in an image.',
    [image(), volume()],
    [
      text('os_distro', 'OS Distro', 'The distribution, in lower case: debian, ubuntu, fedora, windows.'),
      text('os_version', 'OS Version', 'The version of the distribution, as its makers name it.'),
      text('os_admin_user', 'OS Admin User', 'The user to log in as.'),
    ],
  ),
  space(
    'OS::Cinder::Volumetype',
    'Cinder Volume Type',
    'The type of volumes that are made of an image.',
    [image('cinder_')],
    [text('img_volume_type', 'Image Volume Type', 'The name or id of the volume type.')],
  ),
];

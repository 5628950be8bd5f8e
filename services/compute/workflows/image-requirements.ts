/** Hardware requirements in image properties. Unsupported values are refused by name, never ignored. */
import { badRequest } from '#shared/errors/fault.ts';
import { own } from '#shared/input/own.ts';

const off = ['', 'false', 'no', 'off', '0', 'disabled', 'none'];

/** Property to its supported values: those that every guest has, or that are applied. */
const supportedValues: Readonly<Record<string, readonly string[]>> = {
  hw_disk_bus: ['virtio', 'scsi'],
  hw_scsi_model: ['virtio-scsi'],
  hw_vif_model: ['virtio'],
  hw_firmware_type: ['bios'],
  hw_machine_type: ['q35'],
  hw_video_model: ['vga'],
  hw_cdrom_bus: ['sata', 'scsi'],
  hw_rescue_device: ['disk', 'cdrom'],
  hw_rescue_bus: ['virtio', 'scsi', 'sata'],
  hw_rng_model: ['virtio'],
  hw_pointer_model: ['ps2mouse'],
  hw_serial_port_count: ['1'],
  hw_qemu_guest_agent: [...off, 'yes', 'true', 'on', '1'],
  hw_vif_multiqueue_enabled: off,
  hw_watchdog_action: off,
  hw_boot_menu: off,
  hw_mem_encryption: off,
  hw_ephemeral_encryption: off,
  hw_time_hpet: off,
  hw_virtio_packed_ring: off,
  hw_locked_memory: off,
  img_config_drive: ['mandatory', 'optional'],
};

/** Checked by the scheduler. */
const anyValue: readonly string[] = ['hw_architecture'];

type Properties = Readonly<Record<string, string>>;

export function checkImageRequirements(of: string, properties: Properties): void {
  for (const [name, value] of Object.entries(properties)) {
    if (!/^hw_/.test(name) && name !== 'img_config_drive') continue;
    if (anyValue.includes(name)) continue;
    const values = own(supportedValues, name) ?? [];
    if (values.includes(value.toLowerCase())) continue;
    const supported = values.filter(Boolean);
    const hint = supported.length > 0 ? `it may be ${supported.join(' or ')}` : 'the property is not supported';
    throw badRequest(`${of} asks for ${name}=${value}, which is not supported: ${hint}. Unset it to boot.`);
  }
}

export const hasGuestAgent = ({ hw_qemu_guest_agent: value = '' }: Properties): boolean =>
  !off.includes(value.toLowerCase());

export const wantsConfigDrive = (properties: Properties): boolean =>
  properties.img_config_drive?.toLowerCase() === 'mandatory';

export type DiskBus = 'virtio' | 'scsi';

/** The bus of the disks whose request names none. */
export const diskBusOf = (properties: Properties): DiskBus =>
  properties.hw_disk_bus?.toLowerCase() === 'scsi' ? 'scsi' : 'virtio';

/** The same for CD-ROMs; those on `virtio` are on SATA. */
export const cdromBusOf = (properties: Properties): DiskBus =>
  properties.hw_cdrom_bus?.toLowerCase() === 'scsi' ? 'scsi' : 'virtio';

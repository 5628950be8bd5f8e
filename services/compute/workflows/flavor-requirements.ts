/** Hardware requirements in extra specs of flavors. Those that Nova acts on and Wattle cannot are refused by name. */
import { badRequest } from '#shared/errors/fault.ts';
import { own } from '#shared/input/own.ts';
import type { FlavorCopy } from '../servers/store.ts';

const off = ['false', 'no', 'off', '0', 'f', 'n'];
const on = ['true', 'yes', 'on', '1', 't', 'y'];

/** Extra spec to its supported values: those that every guest has. */
const supportedValues: Readonly<Record<string, readonly string[]>> = {
  'hw:cpu_policy': ['shared'],
  'hw:cpu_cores': ['1'],
  'hw:cpu_threads': ['1'],
  'hw:mem_page_size': ['small', 'any'],
  'hw:serial_port_count': ['1'],
  'hw:watchdog_action': ['disabled'],
  'hw:boot_menu': off,
  'hw:mem_encryption': off,
  'hw:locked_memory': off,
  'hw:virtio_packed_ring': off,
  'hw:vif_multiqueue_enabled': off,
  'hw:ephemeral_encryption': off,
  'hw:hide_hypervisor_id': off,
  hide_hypervisor_id: off,
  'hw_rng:allowed': on,
  'os:secure_boot': ['disabled', 'optional'],
};

/** Other scopes are of the scheduler (`aggregate_instance_extra_specs`, `capabilities`), or nothing in Nova reads them. */
const nova =
  /^(?:hw|hw_rng|hw_video|os|quota|accel|pci_passthrough|powervm|vmware|resources[^:]*|trait[^:]*):|^(?:hide_hypervisor_id|group_policy)$/;

export function checkFlavorRequirements({ id, extraSpecs }: Pick<FlavorCopy, 'id' | 'extraSpecs'>): void {
  for (const [name, value] of Object.entries(extraSpecs)) {
    if (!nova.test(name)) continue;
    const values = own(supportedValues, name) ?? [];
    if (values.includes(value.trim().toLowerCase())) continue;
    const hint = values.length > 0 ? `it may be ${values.join(' or ')}` : 'the extra spec is not supported';
    throw badRequest(`Flavor ${id} asks for ${name}=${value}, which is not supported: ${hint}. Unset it to boot.`);
  }
}

/** Query parameters of server lists, by version, as in Nova's schemas. */
import { atLeast, type Version } from '#shared/api/versions.ts';
import { badRequest } from '#shared/errors/fault.ts';

const words = (text: string): readonly string[] => text.split(' ');

const sortKeys = words(
  'access_ip_v4 access_ip_v6 auto_disk_config availability_zone config_drive created_at display_description display_name host hostname image_ref instance_type_id kernel_id key_name launch_index launched_at locked_by node power_state progress project_id ramdisk_id root_device_name task_state terminated_at updated_at user_id uuid vm_state',
);
/** Accepted and ignored until 2.74. */
const ignoredSortKeys = words(
  'architecture cell_name cleaned default_ephemeral_device default_swap_device deleted deleted_at disable_terminate ephemeral_gb ephemeral_key_uuid id key_data launched_on locked memory_mb os_type reservation_id root_gb shutdown_terminate user_data vcpus vm_mode',
);

const filters = words(
  'user_id project_id tenant_id launch_index image_ref image kernel_id ramdisk_id hostname key_name power_state vm_state task_state host node flavor reservation_id launched_at terminated_at availability_zone name display_name description display_description locked_by uuid root_device_name config_drive access_ip_v4 access_ip_v6 auto_disk_config progress sort_key sort_dir all_tenants soft_deleted deleted status changes-since ip ip6 created_at tags tags-any not-tags not-tags-any changes-before locked block_device_mapping services metadata system_metadata info_cache security_groups pci_devices limit marker offset',
);

export function checkKeys(version: Version, queries: Readonly<Record<string, readonly string[]>>): void {
  const modern = atLeast(version, '2.75');
  for (const key of queries.sort_key ?? []) {
    if (key === 'None' || sortKeys.includes(key) || (key === 'locked' && atLeast(version, '2.73'))) continue;
    if (!modern && ignoredSortKeys.includes(key)) continue;
    throw badRequest(
      `Invalid input for query parameters sort_key. Value: ${key}. It is no key that servers are sorted by.`,
    );
  }
  const unknown = modern ? Object.keys(queries).find((name) => !filters.includes(name)) : undefined;
  if (unknown !== undefined) throw badRequest(`Additional properties are not allowed ('${unknown}' was unexpected)`);
}

/** The request body of a new server. */
export interface NetworkInput {
  readonly uuid?: string;
  readonly port?: string | null;
  readonly fixed_ip?: string | null;
  readonly tag?: string | null;
}

export interface DiskMapping {
  readonly uuid?: string | null;
  readonly source_type?: 'image' | 'volume' | 'snapshot' | 'blank';
  readonly destination_type?: 'local' | 'volume';
  readonly boot_index?: number | string | null;
  readonly volume_size?: number | string | null;
  readonly delete_on_termination?: boolean | string;
  readonly device_name?: string | null;
  readonly disk_bus?: string | null;
  readonly device_type?: string | null;
  readonly guest_format?: string | null;
  readonly no_device?: unknown;
  readonly volume_type?: string | null;
  readonly tag?: string;
}

export interface ServerBody {
  readonly name: string;
  readonly flavorRef: string | number;
  readonly imageRef?: string;
  readonly networks?: readonly NetworkInput[] | 'auto' | 'none';
  readonly security_groups?: readonly { readonly name: string }[];
  readonly key_name?: string;
  readonly user_data?: string | null;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly config_drive?: boolean | string | null;
  readonly block_device_mapping_v2?: readonly DiskMapping[];
  readonly availability_zone?: string;
  readonly min_count?: number | string;
  readonly max_count?: number | string;
  readonly return_reservation_id?: boolean | string;
  readonly description?: string | null;
  readonly tags?: readonly string[];
  readonly hostname?: string;
  readonly host?: string;
  readonly hypervisor_hostname?: string;
  readonly accessIPv4?: string | null;
  readonly accessIPv6?: string | null;
  readonly adminPass?: string;
  readonly personality?: readonly object[];
  readonly 'OS-DCF:diskConfig'?: 'AUTO' | 'MANUAL';
}

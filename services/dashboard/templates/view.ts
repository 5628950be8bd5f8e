/** An image of Glance, as the page shows it. */

export interface ImageBody {
  readonly id: string;
  readonly name: string | null;
  readonly status: string;
  readonly owner: string | null;
  readonly visibility: string;
  readonly protected: boolean;
  readonly size: number | null;
  readonly virtual_size: number | null;
  readonly min_disk: number;
  readonly min_ram: number;
  readonly disk_format: string | null;
  readonly created_at: string;
  readonly os_hash_algo: string | null;
  readonly os_hash_value: string | null;
  readonly [property: string]: unknown;
}

export type TemplateState = 'ready' | 'uploading' | 'unfinished' | 'off' | 'deleting';

export interface Template {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  /** Operating system and its version. */
  readonly system: string | null;
  /** Glance's disk_format. */
  readonly format: string | null;
  readonly state: TemplateState;
  readonly bytes: number;
  /** Size of the disk, which may be larger than the file. */
  readonly disk_bytes: number | null;
  readonly min_ram_mb: number;
  readonly min_disk_gb: number;
  /** Whether it belongs to the project. */
  readonly own: boolean;
  /** Whether all projects see it. */
  readonly public: boolean;
  readonly checksum: { readonly algorithm: string; readonly value: string } | null;
  readonly created_at: string;
  readonly verbs: readonly ('rename' | 'delete')[];
}

const states: ReadonlyMap<string, TemplateState> = new Map([
  ['active', 'ready'],
  ['queued', 'unfinished'],
  ['killed', 'unfinished'],
  ['deactivated', 'off'],
  ['deleted', 'deleting'],
  ['pending_delete', 'deleting'],
]);

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

export function templateView(image: ImageBody, projectId: string): Template {
  const own = image.owner === projectId;
  const { os_hash_algo: algorithm, os_hash_value: value } = image;
  return {
    id: image.id,
    name: image.name ?? image.id,
    description: text(image.description),
    system: text([text(image.os_distro), text(image.os_version)].filter(Boolean).join(' ')),
    format: image.disk_format,
    state: states.get(image.status) ?? 'uploading',
    bytes: image.size ?? 0,
    disk_bytes: image.virtual_size,
    min_ram_mb: image.min_ram,
    min_disk_gb: image.min_disk,
    own,
    public: image.visibility === 'public',
    checksum: algorithm && value ? { algorithm, value } : null,
    created_at: image.created_at,
    verbs: own ? (image.protected ? ['rename'] : ['rename', 'delete']) : [],
  };
}

/** Sections of tempest.conf that depend on the running cloud: an image, two flavors, the external network. */
import { randomBytes } from 'node:crypto';
import { openSession, type ServiceType, type Session } from '#shared/clients/session.ts';
import type { CloudLogin } from './conf.ts';

type Section = Readonly<Record<string, string>>;

/** Unsupported actions; Tempest skips their tests. */
export const computeFeatures: Section = {
  resize: 'true',
  live_migrate_back_and_forth: 'true',
  volume_backed_live_migration: 'true',
  block_migration_for_live_migration: 'true',
  hostname_fqdn_sanitization: 'true',
  change_password: 'false', // images without a guest agent
  stable_rescue: 'true',
  volume_multiattach: 'true',
  vnc_console: 'true',
  personality: 'true',
  shelve_migrate: 'true',
  swap_volume: 'true',
  attach_encrypted_volume: 'false',
  ide_bus: 'false',
  scheduler_enabled_filters: 'all',
};

export const networkFeatures: Section = { ipv6: 'true', api_extensions: 'all', floating_ips: 'true' };

/** The features in /info. Bulk delete tests are left out: they begin with archive extraction, which is unsupported. */
export const objectFeatures: Section = {
  discoverability: 'true',
  discoverable_apis:
    'account_quotas,container_quotas,slo,dlo,tempurl,formpost,staticweb,crossdomain,bulk_upload,bulk_delete,symlink',
  object_versioning: 'true',
  container_sync: 'false',
};

export async function createRole(login: CloudLogin, name: string): Promise<void> {
  await adminOf(login).json('identity', '/roles', { method: 'POST', body: { role: { name } } });
}

export async function networkSection(login: CloudLogin): Promise<Section> {
  const { networks } = await get<{ networks: { id: string }[] }>(login, 'network', '/v2.0/networks?name=public');
  return {
    public_network_id: networks[0]?.id ?? '',
    project_network_cidr: '10.100.0.0/16',
    project_network_mask_bits: '28',
  };
}

export async function computeSection(login: CloudLogin): Promise<Section> {
  const { flavors } = await get<{ flavors: { id: string; name: string }[] }>(login, 'compute', '/flavors');
  const flavor = (name: string) => flavors.find((each) => each.name === name)?.id ?? '';
  const image = await createImage(login);
  return {
    image_ref: image,
    image_ref_alt: await createImage(login),
    flavor_ref: flavor('m1.nano'),
    flavor_ref_alt: flavor('m1.micro'),
    min_compute_nodes: '2',
    min_microversion: '2.1',
    max_microversion: 'latest',
    build_timeout: '120',
    build_interval: '1',
    ready_wait: '0',
  };
}

/** Of a cloud without servers: the image that volumes are made of. */
export const imageSection = async (login: CloudLogin): Promise<Section> => ({ image_ref: await createImage(login) });

const adminOf = ({ authUrl, region, password }: CloudLogin): Session =>
  openSession({ identityUrl: authUrl, user: 'admin', project: 'admin', region, password: async () => password });

const get = <Body>(login: CloudLogin, service: ServiceType, path: string): Promise<Body> =>
  adminOf(login).json<Body>(service, path);

/** A raw image of 1 MiB: fake hosts boot anything. */
async function createImage(login: CloudLogin): Promise<string> {
  const body = {
    name: `tempest-${randomBytes(3).toString('hex')}`,
    disk_format: 'raw',
    container_format: 'bare',
    visibility: 'public',
  };
  const admin = adminOf(login);
  const { id } = await admin.json<{ id: string }>('image', '/v2/images', { method: 'POST', body });
  const headers = { 'content-type': 'application/octet-stream' };
  const bytes = { method: 'PUT' as const, body: Buffer.alloc(1 << 20), headers, token: await admin.token() };
  const { status } = await admin.raw('image', `/v2/images/${id}/file`, bytes);
  if (status !== 204) throw new Error(`the image upload returned ${status}`);
  return id;
}

import type { CloudLogin } from './conf.ts';
import {
  computeFeatures,
  computeSection,
  createRole,
  imageSection,
  networkFeatures,
  networkSection,
  objectFeatures,
} from './prepare.ts';

/** The tests, roles and configuration for one service. */
export interface Suite {
  /** Selects tests by name. */
  readonly regex: string;
  readonly roles: readonly string[];
  /** Sections of tempest.conf: the features of the service. */
  readonly conf: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Settings of the cloud, as environment variables. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Prepares the running cloud; the returned sections are added to `conf`. */
  readonly prepare?: (login: CloudLogin) => Promise<Suite['conf']>;
}

const fakeHosts = { WATTLE_COMPUTE_AGENT__DRIVER: 'fake', WATTLE_NETWORK_AGENT__DRIVER: 'fake' };

const nothingElse = { nova: 'false', glance: 'false', neutron: 'false', cinder: 'false', swift: 'false' };

export const suites: Readonly<Record<string, Suite>> = {
  identity: {
    regex: '^tempest\\.api\\.identity\\.',
    roles: ['identity'],
    conf: {
      'identity-feature-enabled': {
        api_v2: 'false',
        api_v2_admin: 'false',
        project_tags: 'true',
        application_credentials: 'true',
        access_rules: 'true',
      },
      service_available: nothingElse,
    },
  },
  // with scope enforcement; the administrator has system scope, and each persona only one role
  'identity-rbac': {
    regex: '^keystone_tempest_plugin\\.tests\\.rbac\\.',
    roles: ['identity'],
    conf: {
      auth: { admin_system: 'all', admin_project_name: '', tempest_roles: '' },
      'identity-feature-enabled': { api_v2: 'false', application_credentials: 'true', access_rules: 'true' },
      enforce_scope: { keystone: 'true' },
      service_available: nothingElse,
    },
  },
  volume: {
    regex: '^tempest\\.api\\.volume\\.',
    roles: ['identity', 'image', 'volume', 'volume-agent', 'object-store', 'object-agent'],
    conf: {
      volume: { min_microversion: '3.0', max_microversion: '3.71', storage_protocol: 'iSCSI', vendor_name: 'Wattle' },
      'volume-feature-enabled': {
        backup: 'true',
        manage_volume: 'true',
        manage_snapshot: 'true',
        extend_attached_volume: 'false',
        volume_image_dep_tests: 'false',
      },
      service_available: { ...nothingElse, cinder: 'true', glance: 'true' },
    },
    prepare: async (login) => ({ compute: await imageSection(login) }),
  },
  image: {
    regex: '^tempest\\.api\\.image\\.',
    roles: ['identity', 'image', 'object-store', 'object-agent'],
    settings: { WATTLE_IMAGE__STORES: 'file,object-store' },
    conf: {
      image: { build_timeout: '60' },
      'image-feature-enabled': { import_image: 'true' },
      service_available: { ...nothingElse, glance: 'true' },
    },
  },
  network: {
    regex: '^tempest\\.api\\.network\\.',
    roles: ['identity', 'network', 'network-agent'],
    settings: fakeHosts,
    conf: { service_available: { ...nothingElse, neutron: 'true' } },
    prepare: async (login) => ({ network: await networkSection(login), 'network-feature-enabled': networkFeatures }),
  },
  compute: {
    regex: '^tempest\\.api\\.compute\\.',
    roles: ['all'],
    settings: {
      ...fakeHosts,
      WATTLE_COMPUTE_AGENT__FAKE_HOSTS: '2',
      WATTLE_NETWORK_AGENT__FAKE_HOSTS: '2',
      WATTLE_COMPUTE_AGENT__FAKE_VCPUS: '64',
      WATTLE_COMPUTE_AGENT__FAKE_RAM_MB: '65536',
    },
    conf: {
      auth: { create_isolated_networks: 'true' },
      'compute-feature-enabled': computeFeatures,
      volume: {
        min_microversion: '3.0',
        max_microversion: '3.71',
        storage_protocol: 'iSCSI',
        catalog_type: 'volumev3',
        build_timeout: '60',
      },
      validation: { run_validation: 'false' },
      service_available: { nova: 'true', glance: 'true', neutron: 'true', cinder: 'true', swift: 'false' },
    },
    prepare: async (login) => ({
      compute: await computeSection(login),
      network: await networkSection(login),
      'network-feature-enabled': networkFeatures,
    }),
  },
  'object-storage': {
    regex: '^tempest\\.api\\.object_storage\\.',
    roles: ['identity', 'object-store', 'object-agent'],
    // its test of forms signs with SHA-1
    settings: { WATTLE_OBJECT_STORE__SIGNATURE_DIGESTS: 'sha1,sha256,sha512' },
    conf: {
      'object-storage': { operator_role: 'member', reseller_admin_role: 'ResellerAdmin' },
      'object-storage-feature-enabled': objectFeatures,
      service_available: { ...nothingElse, swift: 'true' },
    },
    prepare: async (login) => {
      await createRole(login, 'ResellerAdmin');
      return {};
    },
  },
};

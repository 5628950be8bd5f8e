/** What each service is asked by Tempest, and which roles must run for it. */
export interface Suite {
  /** Of the tests' names. */
  readonly regex: string;
  readonly roles: readonly string[];
  /** Sections of tempest.conf: what the service can do. */
  readonly conf: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

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
  // tokens count only in the scope they were made for; the administrator logs in to the system, and personas have one role alone
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
    roles: ['identity', 'image', 'volume', 'volume-agent'],
    conf: {
      volume: { min_microversion: '3.0', max_microversion: '3.71', storage_protocol: 'iSCSI', vendor_name: 'Wattle' },
      'volume-feature-enabled': { backup: 'false', extend_attached_volume: 'false', volume_image_dep_tests: 'false' },
      service_available: { ...nothingElse, cinder: 'true', glance: 'true' },
    },
  },
};

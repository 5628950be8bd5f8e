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
};

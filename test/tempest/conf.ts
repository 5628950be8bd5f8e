/** Generates tempest.conf for a cloud, from an administrator's login. */
export interface CloudLogin {
  readonly authUrl: string;
  readonly password: string;
  readonly region: string;
}

type Sections = Readonly<Record<string, Readonly<Record<string, string>>>>;

export function tempestConf(folder: string, { authUrl, password, region }: CloudLogin, more: Sections): string {
  const { auth, ...rest } = more;
  const sections: Sections = {
    DEFAULT: { debug: 'false', log_file: `${folder}/tempest.log` },
    oslo_concurrency: { lock_path: `${folder}/lock` },
    auth: {
      use_dynamic_credentials: 'true',
      create_isolated_networks: 'false',
      tempest_roles: 'member',
      admin_username: 'admin',
      admin_password: password,
      admin_project_name: 'admin',
      admin_domain_name: 'Default',
      ...auth,
    },
    identity: { auth_version: 'v3', uri_v3: authUrl, region, default_domain_id: 'default' },
    ...rest,
  };
  return Object.entries(sections)
    .flatMap(([name, values]) => [`[${name}]`, ...Object.entries(values).map(([key, value]) => `${key} = ${value}`)])
    .join('\n');
}

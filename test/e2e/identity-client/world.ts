/** The environment of the lines: clouds.yaml with all logins, and files that commands read. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Cloud {
  readonly authUrl: string;
  readonly adminPassword: string;
}

/** Contents of the files, by the name that lines use. */
const files = {
  filters: { interface: 'internal' },
  moreFilters: { interface: 'internal', service_id: '0123456789abcdef0123456789abcdef' },
  rules: { admin_required: 'role:admin' },
  mapping: [{ local: [{ user: { name: '{0}' } }], remote: [{ type: 'REMOTE_USER' }] }],
};

/** Writes the files; returns the values of the `{words}`. */
export function writeFiles(folder: string): Map<string, string> {
  const path = (name: string) => join(folder, `${name}.json`);
  for (const [name, content] of Object.entries(files)) writeFileSync(path(name), JSON.stringify(content));
  return new Map([...Object.keys(files), 'nothing'].map((name) => [name, path(name)]));
}

/** JSON is valid YAML. */
export function writeClouds(folder: string, cloud: Cloud): string {
  const path = join(folder, 'clouds.yaml');
  writeFileSync(path, JSON.stringify({ clouds: clouds(cloud) }), { mode: 0o600 });
  return path;
}

function clouds({ authUrl, adminPassword }: Cloud) {
  const login = (auth: object, more: object = {}) => ({
    auth: { auth_url: authUrl, ...auth },
    region_name: 'RegionOne',
    identity_api_version: '3',
    ...more,
  });
  const admin = { username: 'admin', password: adminPassword, user_domain_id: 'default' };
  const ann = { username: 'ann', password: 'ann-password', user_domain_name: 'tide' };
  const fleet = { project_name: 'fleet', project_domain_name: 'tide' };
  return {
    admin: login({ ...admin, project_name: 'admin', project_domain_id: 'default' }),
    system: login({ ...admin, system_scope: 'all' }),
    ann: login({ ...ann, ...fleet }),
    outsider: login({ ...ann, ...fleet, password: 'a guess' }),
    deploy: login(
      {
        username: 'ann',
        user_domain_name: 'tide',
        application_credential_name: 'deploy',
        application_credential_secret: 'hush',
      },
      { auth_type: 'v3applicationcredential' },
    ),
  };
}

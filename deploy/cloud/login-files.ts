/** Writes var/openrc and var/clouds.yaml, the logins for stock clients. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Home } from '../settings.ts';
import { clientBin } from '../setup/paths.js';
import { ensureSecret, writeOnce } from './directory.ts';

export function writeLoginFiles({ directory, cloud }: Home, authUrl: string): void {
  const password = ensureSecret(directory.path, 'admin');
  const authority = authUrl.startsWith('https:') ? join(directory.path, 'tls', 'ca.crt') : undefined;
  ensureFile(join(directory.path, 'openrc'), openrc(authUrl, cloud.region, password, authority));
  ensureFile(join(directory.path, 'clouds.yaml'), cloudsYaml(authUrl, cloud.region, password, authority));
}

/** Writes only what has changed: a write waits for the disk. */
function ensureFile(file: string, text: string): void {
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeOnce(file, text, 0o600);
}

/** Lines for a shell to source; every value is quoted. `authority` is a file with the certificate that the APIs' are signed by. */
export function openrc(authUrl: string, region: string, password: string, authority?: string): string {
  const variables = {
    OS_AUTH_URL: authUrl,
    OS_USERNAME: 'admin',
    OS_PASSWORD: password,
    OS_PROJECT_NAME: 'admin',
    OS_USER_DOMAIN_NAME: 'Default',
    OS_PROJECT_DOMAIN_NAME: 'Default',
    OS_REGION_NAME: region,
    OS_IDENTITY_API_VERSION: '3',
    ...(authority ? { OS_CACERT: authority } : {}),
  };
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${quoted(value)}`);
  const path = `case ":$PATH:" in *":${clientBin}:"*) ;; *) export PATH="${clientBin}:$PATH" ;; esac`;
  return ['unset OS_CLOUD OS_TOKEN OS_PROJECT_ID OS_SYSTEM_SCOPE OS_DOMAIN_NAME OS_CACERT', ...lines, path, ''].join(
    '\n',
  );
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** JSON is YAML. */
const cloudsYaml = (authUrl: string, region: string, password: string, authority?: string): string => {
  const login = { auth_url: authUrl, username: 'admin', password, project_name: 'admin' };
  const auth = { ...login, user_domain_name: 'Default', project_domain_name: 'Default' };
  const wattle = { auth, region_name: region, identity_api_version: '3', ...(authority ? { cacert: authority } : {}) };
  return `${JSON.stringify({ clouds: { wattle } }, null, 2)}\n`;
};

/** Backups in the object store of another cloud, whose login is in the environment as its openrc sets it. */
import { createReadStream, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import { type Reply, request, textOf } from '#shared/clients/http.ts';
import { Refusal } from '../command.ts';

interface Store {
  readonly url: string;
  readonly token: string;
}

const needed = ['OS_AUTH_URL', 'OS_USERNAME', 'OS_PASSWORD', 'OS_PROJECT_NAME'] as const;

/** Larger objects need segments, which a backup of databases and secrets does not come to. */
const mostBytes = 5 * 1024 ** 3;

/** Uploads the file and compares its length; creates the container when there is none. */
export async function uploadBackup(file: string, container: string): Promise<void> {
  const { size } = statSync(file);
  if (size > mostBytes)
    throw new Refusal(`${file} has more than 5 GiB, the most of one object: it stays here; copy it in another way`);
  const { url, token } = await logIn();
  const headers = { 'x-auth-token': token };
  const at = `${url}/${encodeURIComponent(container)}`;
  await checked(await request(at, { method: 'PUT', headers }), `container ${container}`);
  const object = `${at}/${encodeURIComponent(basename(file))}`;
  const put = { ...headers, 'content-length': String(size), 'content-type': 'application/octet-stream' };
  const body = createReadStream(file);
  await checked(await request(object, { method: 'PUT', headers: put, body, timeoutMs: 3_600_000 }), basename(file));
  const head = await request(object, { method: 'HEAD', headers });
  head.stream.resume();
  if (Number(head.headers['content-length']) !== size)
    throw new Error(`${basename(file)} has another length in container ${container}: upload it again`);
}

export async function downloadBackup(name: string, container: string): Promise<Readable> {
  const { url, token } = await logIn();
  const object = `${url}/${encodeURIComponent(container)}/${encodeURIComponent(name)}`;
  const reply = await request(object, { headers: { 'x-auth-token': token } });
  if (reply.status !== 200) await checked(reply, `${container}/${name}`);
  return reply.stream;
}

async function checked(reply: Reply, what: string): Promise<string> {
  const said = await textOf(reply);
  if (reply.status < 300) return said;
  throw new Refusal(`the object store answers ${reply.status} for ${what}: ${said.slice(0, 300)}`);
}

async function logIn(): Promise<Store> {
  const missing = needed.filter((name) => !process.env[name]);
  if (missing.length > 0)
    throw new Refusal(
      `--container needs the login of a cloud: source its openrc first (${missing.join(', ')} not set)`,
    );
  const { OS_AUTH_URL = '', OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME, OS_REGION_NAME } = process.env;
  const domain = { name: process.env.OS_USER_DOMAIN_NAME ?? 'Default' };
  const user = { name: OS_USERNAME, domain, password: OS_PASSWORD };
  const project = { name: OS_PROJECT_NAME, domain: { name: process.env.OS_PROJECT_DOMAIN_NAME ?? 'Default' } };
  const auth = { identity: { methods: ['password'], password: { user } }, scope: { project } };
  const reply = await request(`${OS_AUTH_URL.replace(/\/$/, '')}/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth }),
  });
  const { token } = JSON.parse(await checked(reply, `the login of ${OS_USERNAME}`)) as { token: { catalog: Catalog } };
  const endpoints = token.catalog.find(({ type }) => type === 'object-store')?.endpoints ?? [];
  const found = endpoints.find(
    (each) => each.interface === 'public' && (OS_REGION_NAME === undefined || each.region === OS_REGION_NAME),
  );
  if (!found) throw new Refusal(`the catalog at ${OS_AUTH_URL} has no object-store`);
  return { url: found.url.replace(/\/$/, ''), token: String(reply.headers['x-subject-token']) };
}

type Catalog = readonly { type: string; endpoints: readonly { interface: string; region: string; url: string }[] }[];

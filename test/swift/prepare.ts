/** The projects, users and keys that Swift's tests expect, and the file that names them. */
import { openSession, type Session } from '#shared/clients/session.ts';
import type { CloudLogin } from '../tempest/conf.ts';

const password = 'testing-swift';
type Section = Readonly<Record<string, string>>;

interface Tester {
  /** The number in the names of Swift's settings; '' for the first. */
  readonly number: string;
  readonly project: string;
  readonly role: string;
  readonly domain?: string;
}

/** 3 may do nothing in the account, 4 is in another domain, 5 has a role for services, 6 may act in every account. */
const testers: readonly Tester[] = [
  { number: '', project: 'test', role: 'swiftoperator' },
  { number: '2', project: 'test2', role: 'swiftoperator' },
  { number: '3', project: 'test', role: 'another' },
  { number: '4', project: 'test4', role: 'swiftoperator', domain: 'test-domain' },
  { number: '5', project: 'test5', role: 'service' },
  { number: '6', project: 'test', role: 'ResellerAdmin' },
];

/** Returns the text of test.conf. */
export async function prepareSwift(login: CloudLogin, storageUrl: string): Promise<string> {
  const admin = openSession({
    identityUrl: login.authUrl,
    user: 'admin',
    project: 'admin',
    region: login.region,
    password: async () => login.password,
  });
  const sections: Section[] = [];
  for (const tester of testers) sections.push(await createTester(admin, tester));
  const keys = await s3Keys(admin);
  const functional: Section = {
    auth_version: '3',
    auth_uri: `${login.authUrl}/`,
    s3_storage_url: `${storageUrl}/`,
    s3_region: login.region,
    collate: 'C',
    ...Object.assign({}, ...sections),
    ...keys.functional,
  };
  return text({ func_test: functional, s3api_test: { endpoint: storageUrl, region: login.region, ...keys.s3api } });
}

const text = (sections: Readonly<Record<string, Section>>): string =>
  Object.entries(sections)
    .map(
      ([name, values]) =>
        `[${name}]\n${Object.entries(values)
          .map(([key, value]) => `${key} = ${value}`)
          .join('\n')}\n`,
    )
    .join('\n');

/** Finds it by name, or creates it. */
async function ensure(admin: Session, kind: string, body: Section): Promise<string> {
  const domain = body.domain_id ? `&domain_id=${body.domain_id}` : '';
  const found = await admin.json<Record<string, { id: string }[]>>('identity', `/${kind}s?name=${body.name}${domain}`);
  const [first] = found[`${kind}s`] ?? [];
  if (first) return first.id;
  const made = await admin.json<Record<string, { id: string }>>('identity', `/${kind}s`, {
    method: 'POST',
    body: { [kind]: body },
  });
  return made[kind]?.id ?? '';
}

async function createTester(admin: Session, { number, project, role, domain }: Tester): Promise<Section> {
  const domainId = domain ? await ensure(admin, 'domain', { name: domain }) : 'default';
  const name = `tester${number}`;
  const projectId = await ensure(admin, 'project', { name: project, domain_id: domainId });
  const userId = await ensure(admin, 'user', { name, domain_id: domainId, password });
  await grant(admin, projectId, userId, role);
  return {
    [`account${number}`]: project,
    [`username${number}`]: name,
    [`password${number}`]: password,
    ...(domain ? { [`domain${number}`]: domain } : {}),
  };
}

async function grant(admin: Session, projectId: string, userId: string, role: string): Promise<void> {
  const roleId = await ensure(admin, 'role', { name: role });
  await admin.json('identity', `/projects/${projectId}/users/${userId}/roles/${roleId}`, { method: 'PUT' });
}

/** Keys for the account of the first user: his own, of another operator, and of one who may do nothing. */
async function s3Keys(admin: Session): Promise<{ functional: Section; s3api: Section }> {
  const projectId = await ensure(admin, 'project', { name: 'test', domain_id: 'default' });
  const user = (name: string) => ensure(admin, 'user', { name, domain_id: 'default' });
  const [first, second, third] = [await user('tester'), await user('tester2'), await user('tester3')];
  await grant(admin, projectId, second, 'swiftoperator');
  const pairs: { access: string; secret: string }[] = [];
  for (const userId of [first, second, third]) {
    const body = { tenant_id: projectId };
    const path = `/users/${userId}/credentials/OS-EC2`;
    const { credential } = await admin.json<{ credential: { access: string; secret: string } }>('identity', path, {
      method: 'POST',
      body,
    });
    pairs.push(credential);
  }
  const named = (names: readonly string[]) =>
    Object.fromEntries(
      pairs.flatMap((pair, at) => [
        [`${names[0]}${at === 0 ? names[2] : at + 1}`, pair.access],
        [`${names[1]}${at === 0 ? names[2] : at + 1}`, pair.secret],
      ]),
    );
  return {
    functional: named(['s3_access_key', 's3_secret_key', '']),
    s3api: named(['access_key', 'secret_key', '1']),
  };
}

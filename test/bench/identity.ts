/** Identity against the Keystone that OS_AUTH_URL names; without one, against what Node does with nothing behind it. */
import {
  asAdmin,
  type Domain,
  fillDomain,
  type Keystone,
  logInTo,
  manyTokens,
  namedKeystone,
  openKeystone,
  validation,
} from './keystone.ts';
import { compare, drive, type Load, type Request, type Subject } from './measure.ts';
import { say, table, title } from './report.ts';
import { borrowed, forked, type Server } from './server.ts';

const admin = { user: 'admin', password: 'admin-password', project: 'admin' };
const users = 10_000;
const slow: Load = { rounds: 3, requests: 24, connections: 4 };
const lists: Load = { rounds: 3, requests: 6, connections: 2 };

export async function benchIdentity(): Promise<void> {
  const opened: Server[] = [];
  const open = async (...words: string[]): Promise<Keystone> => {
    const server = await forked('identity.ts', ...words)();
    opened.push(server);
    return openKeystone(server, '/v3', admin);
  };
  try {
    const [ours, other] = [await open(), await namedKeystone(process.env)];
    await validate(ours, other);
    await validateRevoked(ours, await open('10000'));
    await logIn(ours, other);
    await burst(ours);
    await listUsers(ours, other);
  } finally {
    for (const server of opened) await server.close();
  }
}

const subject = (name: string, { server }: Keystone, request: Subject['request']): Subject => ({
  name,
  server: borrowed(server),
  request,
});

/** Each token in turn. */
const eachOf = (keystone: Keystone, tokens: readonly string[]) => {
  const requests = tokens.map((token) => validation(keystone, token));
  return (n: number): Request => requests[n % requests.length] as Request;
};

async function validate(ours: Keystone, other: Keystone | undefined): Promise<void> {
  const control: Subject = other
    ? subject('Keystone', other, validation(other, other.token))
    : { name: 'bare node:http', server: forked('bare.ts'), request: { path: '/' } };
  const own = subject('identity', ours, validation(ours, ours.token));
  table(
    'Validation of a token by identity',
    await compare([control, { ...own, ...(other ? { atLeast: 20 } : {}) }], { rounds: 3, requests: 400 }),
  );
  const count = 300;
  const tokens = await manyTokens(ours, count);
  const many = subject('identity', ours, eachOf(ours, tokens));
  const cold: Subject = other ? subject('Keystone', other, eachOf(other, await manyTokens(other, count))) : control;
  table(
    'Validation of 300 tokens in turn',
    await compare([cold, { ...many, ...(other ? { atLeast: 20 } : {}) }], { rounds: 3, requests: count }),
  );
}

async function validateRevoked(without: Keystone, revoked: Keystone): Promise<void> {
  table(
    'What 10 000 revocations add to the validation of a token by identity',
    await compare([
      subject('without', without, validation(without, without.token)),
      { ...subject('with 10 000', revoked, validation(revoked, revoked.token)), atMost: 1.1 },
    ]),
  );
}

async function logIn(ours: Keystone, other: Keystone | undefined): Promise<void> {
  const own = subject('login at identity', ours, logInTo(ours.path, ours.login));
  const hash: Subject = { name: 'the hash alone', server: forked('hash.ts'), request: { path: '/' } };
  table('A login by password', await compare([hash, { ...own, atMost: 1.3 }], slow));
  if (!other) return;
  const theirs = subject('Keystone', other, logInTo(other.path, other.login));
  table('A login by password, against Keystone', await compare([theirs, { ...own, atLeast: 5 }], slow));
}

/** More at once than are hashed at once: the others wait, and all else goes on. */
async function burst({ server, path, login }: Keystone): Promise<void> {
  await server.loopP99Ms?.();
  await drive(server, logInTo(path, login), 200, 32);
  const late = (await server.loopP99Ms?.()) ?? Number.NaN;
  title('32 logins at once');
  say({
    what: 'the event loop is late, p99',
    figure: `${late.toFixed(1)} ms`,
    target: { value: late, atMost: 20, unit: ' ms' },
  });
}

async function listUsers(ours: Keystone, other: Keystone | undefined): Promise<void> {
  const filled: Domain[] = [];
  const fill = async (keystone: Keystone): Promise<string> => {
    const domain = await fillDomain(keystone, users);
    filled.push(domain);
    return `/users?domain_id=${domain.id}`;
  };
  try {
    const [mine, theirs] = [await fill(ours), other ? await fill(other) : ''];
    for (const more of ['', '&limit=1000']) {
      const own = subject('identity', ours, asAdmin(ours, 'GET', mine + more));
      const control: Subject = other
        ? subject('Keystone', other, asAdmin(other, 'GET', theirs + more))
        : { name: 'the same bytes from memory', server: forked('bytes.ts'), request: { path: `/${3_000_000}` } };
      table(
        `A list of ${users} users${more ? ', limited to 1000' : ''}`,
        await compare([control, { ...own, ...(other ? { atLeast: 10 } : {}) }], lists),
      );
    }
  } finally {
    for (const { remove } of filled) await remove();
  }
}

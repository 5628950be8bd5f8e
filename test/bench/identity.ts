/** Identity against the Keystone at OS_AUTH_URL; without one, against bare node:http. */
import {
  addUser,
  asAdmin,
  type Domain,
  findManyUsers,
  type Keystone,
  logInTo,
  manyTokens,
  manyUsers,
  namedKeystone,
  openKeystone,
  validation,
  withManyUsers,
} from './keystone.ts';
import { compare, drive, type Load, type Request, type Subject } from './measure.ts';
import { printLine, round, table, title } from './report.ts';
import { borrowed, forked, type Server } from './server.ts';

const admin = { user: 'admin', password: 'admin-password', project: 'admin' };
/** For targets within 10 %: more rounds. */
const close: Load = { rounds: 11, requests: 2000 };
const few: Load = { rounds: 3, requests: 100 };
const slow: Load = { rounds: 3, requests: 24, connections: 4 };
const lists: Load = { rounds: 3, requests: 2, connections: 1 };

type Other = Keystone | undefined;

export async function benchIdentity(): Promise<void> {
  const opened: Server[] = [];
  const open = async (...args: string[]): Promise<Keystone> => {
    const server = await forked('identity.ts', ...args)();
    opened.push(server);
    return openKeystone(server, '/v3', admin);
  };
  try {
    const [ours, other] = [await open(String(manyUsers.count)), await namedKeystone(process.env)];
    await validate(ours, other);
    await validateInTurn(ours, other);
    await validateRevoked(await open('0', '0'), await open('0', '10000')); // both fresh: a warm one is faster
    await logIn(ours, other);
    await burst(ours);
    await guess(ours);
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

/** The control is the other Keystone, with a target, or a bare server, without one. */
const against = (own: Subject, atLeast: number, theirs: Subject | undefined, bare: Omit<Subject, 'name'>): Subject[] =>
  theirs ? [theirs, { ...own, atLeast }] : [{ name: 'bare node:http', ...bare }, own];

const bare = { server: forked('bare.ts'), request: { path: '/' } };

async function validate(ours: Keystone, other: Other): Promise<void> {
  const own = subject('identity', ours, validation(ours, ours.token));
  const theirs = other && subject('Keystone', other, validation(other, other.token));
  table('Validation of a token by identity', await compare(against(own, 20, theirs, bare), few));
}

async function validateInTurn(ours: Keystone, other: Other): Promise<void> {
  const inOrder = async (name: string, keystone: Keystone): Promise<Subject> => {
    const requests = (await manyTokens(keystone, 100)).map((token) => validation(keystone, token));
    return subject(name, keystone, (n) => requests[n % requests.length] as Request);
  };
  const own = await inOrder('identity', ours);
  const theirs = other && (await inOrder('Keystone', other));
  table('Validation of 100 tokens in turn', await compare(against(own, 20, theirs, bare), few));
}

async function validateRevoked(without: Keystone, revoked: Keystone): Promise<void> {
  const control = subject('without', without, validation(without, without.token));
  const own = subject('with 10 000', revoked, validation(revoked, revoked.token));
  table(
    'What 10 000 revocations add to the validation of a token by identity',
    await compare([control, { ...own, atMost: 1.1 }], close),
  );
}

async function logIn(ours: Keystone, other: Other): Promise<void> {
  const own = subject('login at identity', ours, logInTo(ours.path, ours.login));
  const hash: Subject = { name: 'the hash alone', server: forked('hash.ts'), request: { path: '/' } };
  table('A login by password', await compare([hash, { ...own, atMost: 1.3 }], slow));
  if (!other) return;
  const theirs = subject('Keystone', other, logInTo(other.path, other.login));
  table('A login by password, against Keystone', await compare([theirs, { ...own, atLeast: 5 }], slow));
}

/** More logins than are hashed concurrently: the rest is queued, and other requests are served. */
async function burst({ server, path, login }: Keystone): Promise<void> {
  const hash = await forked('hash.ts')();
  try {
    const idle = await lateMs(hash, { path: '/' });
    const value = await lateMs(server, logInTo(path, login));
    title('32 logins at once');
    printLine({
      what: 'event loop delay, p99',
      figure: `${round(value)} ms`,
      control: `${round(idle)} ms with hashing only`,
      target: { value, atMost: 20, unit: ' ms' },
    });
  } finally {
    await hash.close();
  }
}

async function lateMs(server: Server, request: Request): Promise<number> {
  await server.loopP99Ms?.();
  await drive(server, request, 200, 32);
  return (await server.loopP99Ms?.()) ?? Number.NaN;
}

/** The cost of a wrong password must not reveal whether the user exists. */
async function guess(ours: Keystone): Promise<void> {
  await addUser(ours, { name: 'known', password: 'p', options: { ignore_lockout_failure_attempts: true } });
  await addUser(ours, { name: 'disabled', password: 'p', enabled: false });
  await addUser(ours, { name: 'locked', password: 'p' });
  const wrong = (user: string): Subject => {
    const request = logInTo(ours.path, { ...ours.login, user, password: 'wrong' });
    return subject(`the name is ${user}`, ours, { ...request, refused: true });
  };
  const [control, ...others] = ['known', 'unknown', 'disabled', 'locked'].map(wrong);
  if (!control) return;
  const within = others.map((other) => ({ ...other, atMost: 1.1 }));
  table('A wrong password, by state of the user', await compare([control, ...within], slow));
}

async function listUsers(ours: Keystone, other: Other): Promise<void> {
  const listOf = (name: string, keystone: Keystone, { id }: Domain, more = ''): Subject =>
    subject(name, keystone, asAdmin(keystone, 'GET', `/users?domain_id=${id}${more}`));
  const heading = `A list of ${manyUsers.count} users`;
  const own = await findManyUsers(ours);
  if (!own) throw new Error('the users of the benchmark are missing');
  const all = listOf('identity', ours, own);
  const bytes = { server: forked('bytes.ts'), request: { path: '/2500000' } };
  if (other)
    await withManyUsers(other, async (domain) =>
      table(heading, await compare(against(all, 10, listOf('Keystone', other, domain), bytes), lists)),
    );
  else table(heading, await compare(against(all, 10, undefined, bytes), lists));
  const limited = listOf('limited to 1000', ours, own, '&limit=1000');
  table(`${heading}, with a limit`, await compare([all, { ...limited, atMost: 0.2 }], lists));
}

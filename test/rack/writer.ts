/**
 * A client that makes one network after the other, for as long as its standard input is open. Each request is a line on standard
 * output: when it ended (ms since 1970), how long it took, its status (0: no answer), the name of the network.
 */
import { request } from 'node:https';

const [address = '', password = '', prefix = ''] = process.argv.slice(2);
const timeoutMs = 3_000;

interface Answer {
  readonly status: number;
  readonly token: string;
}

function post(port: number, path: string, body: unknown, token = ''): Promise<Answer> {
  return new Promise((resolve) => {
    const failed = () => resolve({ status: 0, token: '' });
    const outgoing = request(
      {
        host: address,
        port,
        path,
        method: 'POST',
        agent: false,
        headers: { 'content-type': 'application/json', 'x-auth-token': token },
      },
      (response) => {
        response.resume().on('error', failed);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, token: String(response.headers['x-subject-token']) }),
        );
      },
    );
    outgoing.on('error', failed);
    const late = setTimeout(() => outgoing.destroy(new Error('late')), timeoutMs);
    outgoing.on('close', () => clearTimeout(late));
    outgoing.end(JSON.stringify(body));
  });
}

const domain = { id: 'default' };
const user = { name: 'admin', domain, password };
const auth = {
  identity: { methods: ['password'], password: { user } },
  scope: { project: { name: 'admin', domain } },
};

const { token } = await post(5000, '/v3/auth/tokens', { auth });
let open = true;
process.stdin.resume().on('end', () => {
  open = false;
});
for (let at = 0; open; at += 1) {
  const began = Date.now();
  const name = `${prefix}${at}`;
  const { status } = await post(9696, '/v2.0/networks', { network: { name } }, token);
  process.stdout.write(`${Date.now()} ${Date.now() - began} ${status} ${name}\n`);
  if (status !== 201) await new Promise((resolve) => setTimeout(resolve, 100));
}

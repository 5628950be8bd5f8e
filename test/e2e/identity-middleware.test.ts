/** keystonemiddleware of Debian, as OpenStack services in Python use it, in front of a small WSGI application. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { tryRun } from '#shared/process/run.ts';
import { openIdentity, pointCatalogHere } from '../fakes/identity.ts';

const python = '/usr/bin/python3';
const app = `
import sys
from wsgiref.simple_server import make_server, WSGIRequestHandler
from keystonemiddleware.auth_token import AuthProtocol

class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass

def hello(environ, start):
    start('200 OK', [('Content-Type', 'text/plain')])
    return ['|'.join(environ.get('HTTP_X_' + name, '') for name in ('USER_NAME', 'PROJECT_ID', 'ROLES')).encode()]

conf = dict(auth_type='password', auth_url=sys.argv[1], www_authenticate_uri=sys.argv[1], username='nova',
            password=sys.stdin.readline().strip(), user_domain_id='default', project_name='service',
            project_domain_id='default', token_cache_time='-1')
server = make_server('127.0.0.1', 0, AuthProtocol(hello, conf), handler_class=Quiet)
print(server.server_port, flush=True)
server.serve_forever()
`;

const isThere = (await tryRun([python, '-c', 'import keystonemiddleware.auth_token'])).code === 0;
const skip = isThere ? false : 'python3-keystonemiddleware is not installed';

test('keystonemiddleware accepts our tokens, sets the headers of the user, and refuses revoked ones', {
  skip,
}, async (t) => {
  const world = await openIdentity(t);
  const ann = await world.person('ann', ['member']);
  await pointCatalogHere(world);
  const folder = mkdtempSync(join(tmpdir(), 'middleware-'));
  writeFileSync(join(folder, 'app.py'), app);
  const child = spawn(python, [join(folder, 'app.py'), `${world.url}/v3`], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });
  child.stdin.end('nova-password\n');
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.once('data', (line: Buffer) => resolve(Number(line)));
    child.once('exit', (code) => reject(new Error(`the app ended with ${code}`)));
  });
  const ask = async (token: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { 'x-auth-token': token } });
    return [answer.status, await answer.text()] as const;
  };
  const [status, words] = await ask(ann.token);
  assert.equal(status, 200);
  assert.deepEqual(words.split('|').slice(0, 2), ['ann', ann.projectId]);
  assert.match(words, /member/);
  assert.equal((await ask('garbage'))[0], 401);
  await world.ask('DELETE', '/auth/tokens', { token: ann.token, headers: { 'x-subject-token': ann.token } });
  assert.equal((await ask(ann.token))[0], 401);
});

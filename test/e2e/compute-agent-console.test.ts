/** The console page in a real browser: a token shows the guest's screen once. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { silentLog } from '#shared/log/log.ts';
import { startConsoleProxy } from '../../services/compute/console-proxy/proxy.ts';
import { sendSignalToGroup } from '../../shared/process/signal.ts';
import { exampleHost, guestSpec, until } from '../fakes/compute-host.ts';

const isInstalled = (program: string) => spawnSync(program, ['--version']).status === 0;
const browser = ['chromium-headless-shell', 'chromium'].find(isInstalled);
const skip =
  (!browser && 'no chromium is installed') ||
  (!isInstalled('qemu-system-x86_64') && 'qemu-system-x86_64 is not installed');

/** Returns the DevTools connection of a browser that has opened that page. */
async function openBrowser(t: TestContext, url: string): Promise<WebSocket> {
  const dir = await mkdtemp(join(tmpdir(), 'browser-'));
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--remote-debugging-port=0', `--user-data-dir=${dir}`];
  const env = { ...process.env, TMPDIR: dir }; // a killed browser leaves a socket there
  const child = spawn(browser ?? '', [...flags, url], { detached: true, stdio: ['ignore', 'ignore', 'pipe'], env });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  t.after(async () => {
    sendSignalToGroup(child.pid, 'SIGKILL'); // it has children of its own
    await once(child, 'exit');
    await until('its profile is gone', () =>
      rm(dir, { recursive: true, force: true }).then(
        () => true,
        () => false,
      ),
    );
  });
  const host = await until('the browser listens', () => /ws:\/\/([^/]+)\//.exec(stderr)?.[1]);
  const page = await until('it has a page', async () => {
    const targets = (await (await fetch(`http://${host}/json`)).json()) as {
      type: string;
      webSocketDebuggerUrl: string;
    }[];
    return targets.find(({ type }) => type === 'page')?.webSocketDebuggerUrl;
  });
  const socket = new WebSocket(page);
  await once(socket, 'open');
  t.after(() => socket.terminate());
  return socket;
}

let lastId = 0;

/** Evaluates an expression in the page; undefined when the page was replaced by the one that it loads. */
async function evaluate<T>(page: WebSocket, expression: string): Promise<T | undefined> {
  const id = ++lastId;
  page.send(JSON.stringify({ id, method: 'Runtime.evaluate', params: { expression, returnByValue: true } }));
  for (;;) {
    const [message] = await once(page, 'message');
    const answer = JSON.parse(String(message)) as { id?: number; result?: { result: { value: T } } };
    if (answer.id === id) return answer.result?.result.value;
  }
}

/** The number of colours of the screen: an empty one has one, text has at least two. */
const colours = `(() => {
  const canvas = document.querySelector('canvas');
  if (!canvas || !canvas.width) return 0;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return new Set(new Uint32Array(data.buffer)).size;
})()`;
const status = `document.getElementById('status')?.textContent`;

test('the URL of a console shows the screen once; a second use is refused with a message', { skip }, async (t) => {
  const { open } = await exampleHost(t);
  const hypervisor = await open();
  const spec = guestSpec();
  await hypervisor.ensureGuest(spec);
  const tokens = new Set(['once']);
  const proxy = await startConsoleProxy({
    at: { host: '127.0.0.1', port: 0 },
    redeemConsoleToken: async (token) => (tokens.delete(token) ? { host: 'here', serverId: spec.id } : null),
    perServer: 10,
    vncEndpointOf: ({ serverId }) => hypervisor.vncSocket(serverId),
    log: silentLog(),
  });
  t.after(proxy.close);
  const url = `${proxy.url}/vnc_lite.html?path=%3Ftoken%3Donce`;
  const first = await openBrowser(t, url);
  await until('the screen has a name', async () => /QEMU/.test(String(await evaluate(first, 'document.title'))));
  await until('the screen shows text', async () => ((await evaluate<number>(first, colours)) ?? 0) > 1);
  const second = await openBrowser(t, url);
  await until('the page shows the refusal', async () => /used already/.test(String(await evaluate(second, status))));
});

/** An API without a cloud, for descriptors.test.ts: says its port, and what it had to log. */
import { enforcerOf } from '#shared/auth/policy.ts';
import { anonymous, ok } from '#shared/http/route.ts';
import { serve } from '#shared/http/serve.ts';
import { createTunedServer, listen, usualLimits } from '#shared/http/server.ts';
import { openLog } from '#shared/log/log.ts';

const app = serve({
  service: {},
  routes: [{ method: 'get', path: '/', auth: 'none', handler: async () => ok({ here: true }) }],
  enforcer: enforcerOf({ rules: {} }),
  dialect: { version: () => '1.0', fault: ({ message }) => ({ body: { message } }) },
  identify: async () => anonymous(''),
  checks: { query: () => undefined, body: () => undefined, answer: () => undefined, knows: () => true },
  log: openLog({}),
});
const { port } = await listen(
  createTunedServer(app),
  { host: '127.0.0.1', port: 0 },
  { ...usualLimits, headersMs: 2000 },
);
process.send?.({ port });

/** The control of a login: only one password hash, with the settings of identity. */
import http from 'node:http';
import { settingsOf } from '#shared/config/settings.ts';
import { section } from '../../../services/identity/config.ts';
import { openHasher } from '../../../services/identity/passwords/hasher.ts';
import { report } from './measured.ts';

const { argonKib, argonPasses, hashesAtOnce } = settingsOf({}).read('identity', section);
const hasher = openHasher({ memory: argonKib, passes: argonPasses, atOnce: hashesAtOnce });
const server = http.createServer(async (req, res) => {
  req.resume();
  await hasher.hash('a password');
  res.end();
});
server.listen(0, '127.0.0.1', () => report(server));

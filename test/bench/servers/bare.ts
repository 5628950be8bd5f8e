/** The control: bare node:http. */
import http from 'node:http';
import { report } from './measured.ts';

const body = Buffer.from(JSON.stringify({ thing: { id: 'x', text: 'a'.repeat(420) } }));
const server = http.createServer((req, res) => {
  req.resume();
  res.setHeader('content-type', 'application/json');
  res.setHeader('content-length', body.length);
  res.end(body);
});
server.listen(0, '127.0.0.1', () => report(server));

/** `npm run bench`, or `npm run bench -- http identity` for some parts. */
import { benchCloud } from './cloud.ts';
import { benchHttp } from './http.ts';
import { benchIdentity } from './identity.ts';
import { benchImage } from './image.ts';
import { benchLists } from './lists.ts';
import { benchObjectStore } from './object-store.ts';
import { machine, printFailure, summary } from './report.ts';

const parts: Readonly<Record<string, () => Promise<void>>> = {
  http: benchHttp,
  identity: benchIdentity,
  cloud: benchCloud,
  'object-store': benchObjectStore,
  image: benchImage,
  lists: benchLists,
};

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !Object.hasOwn(parts, name));
if (unknown !== undefined) throw new Error(`${unknown} is not a part; parts are ${Object.keys(parts).join(', ')}`);
machine();
for (const [name, bench] of Object.entries(parts))
  if (wanted.length === 0 || wanted.includes(name)) await bench().catch((error: Error) => printFailure(name, error));
process.exitCode = summary() ? 0 : 1;

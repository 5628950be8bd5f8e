/** `npm run bench`, or `npm run bench -- http` for one part of it. */
import { benchCloud } from './cloud.ts';
import { benchHttp } from './http.ts';
import { benchImage } from './image.ts';
import { benchObjectStore } from './object-store.ts';

const parts: Readonly<Record<string, () => Promise<void>>> = {
  http: benchHttp,
  cloud: benchCloud,
  'object-store': benchObjectStore,
  image: benchImage,
};

const wanted = process.argv.slice(2);
for (const [name, bench] of Object.entries(parts)) if (wanted.length === 0 || wanted.includes(name)) await bench();

/**
 * Gives images to both agents, as the image API would: a process of its own, so that its system calls can be watched.
 * Reads `folder`, a secret file and what to try; prints what became of each, as JSON lines.
 */
import { createReadStream } from 'node:fs';
import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openRoom } from '#shared/files/room.ts';
import { driverOf } from '#shared/images/formats.ts';
import { convertImage } from '#shared/images/qemu-img.ts';
import { silentLog } from '#shared/log/log.ts';
import { imageCache } from '../../../services/compute-agent/drivers/qemu/images.ts';
import { openFiles } from '../../../services/volume-agent/drivers/file/file.ts';
import { honest } from './builders.ts';
import { type Recipe, recipes } from './recipes.ts';

const [folder = '', secret = '', mode = 'agents'] = process.argv.slice(2);
const file = join(folder, 'image');

await mkdir(join(folder, 'cache'), { recursive: true });
const room = await openRoom(folder, { reserveBytes: 0 });

const outcome = (work: Promise<unknown>) =>
  work.then(
    () => 'used',
    (error: Error) => `${error.constructor.name}: ${error.message}`,
  );
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

async function throughAgents({ name, format, bytes }: Recipe, n: number): Promise<void> {
  await writeFile(file, bytes(secret));
  const facts = { status: 'active', format, container: 'bare', sizeBytes: null, hash: null };
  const api = { find: async () => facts, download: async () => createReadStream(file), upload: async () => {} };
  const cache = { dir: join(folder, 'cache'), api, room, log: silentLog(), maxBytes: 2 ** 30, maxAgeMs: 1e9 };
  const compute = await outcome(imageCache(cache).ensureCached(`image-${n}`));
  const volumes = { directory: join(folder, 'volumes'), pool: 'pool', images: api, maxImageGb: 1 };
  const source = { kind: 'image', imageId: `image-${n}`, format } as const;
  const store = await openFiles(volumes);
  const volume = await outcome(store.ensureVolume({ id: `volume-${n}`, sizeGb: 1, source }));
  say({ name, format, compute, volume });
}

/** As if the inspection had missed it. */
async function straightToTheTool({ name, format, bytes }: Recipe): Promise<void> {
  await writeFile(file, bytes(secret));
  const [from, to] = [await open(file, 'r'), await open(join(folder, 'converted'), 'w+', 0o600)];
  const driver = driverOf(format) ?? 'raw';
  const tool = await outcome(convertImage({ from, driver, to, toDriver: 'qcow2', bytes: 2 ** 20 }));
  await Promise.all([from.close(), to.close()]);
  await rm(join(folder, 'converted'));
  say({ name, format, tool });
}

const parents = /its parent is|version . stands on/;
if (mode === 'agents') for (const [n, recipe] of recipes.entries()) await throughAgents(recipe, n);
if (mode === 'honest')
  for (const [n, { format, bytes }] of honest.entries())
    await throughAgents({ name: 'honest', format, bytes: () => bytes }, n);
if (mode === 'tool') for (const recipe of recipes) if (parents.test(recipe.name)) await straightToTheTool(recipe);

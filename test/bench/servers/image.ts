/** A server where each PUT uploads a new image to the image service; or the control, which receives and hashes. */
import { createHash } from 'node:crypto';
import http from 'node:http';
import { join } from 'node:path';
import type { Caller } from '#shared/auth/caller.ts';
import { everythingAllowed } from '#shared/auth/policy.ts';
import { settingsOf } from '#shared/config/settings.ts';
import { migrate } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import { silentLog } from '#shared/log/log.ts';
import { removeBytes } from '../../../services/image/bytes/remove.ts';
import { uploadImage } from '../../../services/image/bytes/upload.ts';
import { section } from '../../../services/image/config.ts';
import type { Images } from '../../../services/image/context.ts';
import { openDownloads } from '../../../services/image/drivers/downloads.ts';
import { openImageFiles } from '../../../services/image/drivers/file.ts';
import { storesOf } from '../../../services/image/drivers/stores.ts';
import { createImage } from '../../../services/image/images/operations.ts';
import { getImage } from '../../../services/image/images/store.ts';
import { migrations } from '../../../services/image/migrations/all.ts';
import { ownFolder, report } from './measured.ts';

const [mode] = process.argv.slice(2);
const folder = ownFolder();

const control: http.RequestListener = (req, res) => {
  const hashes = [createHash('md5'), createHash('sha512')];
  req.on('data', (chunk: Buffer) => {
    for (const hash of hashes) hash.update(chunk);
  });
  req.on('end', () => res.end(hashes.map((hash) => hash.digest('hex')).join()));
};

const caller = { userId: 'u', projectId: 'p', policy: everythingAllowed } as unknown as Caller;

async function openImages(): Promise<http.RequestListener> {
  const db = openDatabase(`sqlite:${join(folder, 'db')}`);
  await migrate(db, migrations);
  const config = settingsOf({ image: { imageCount: 0 } }).read('image', section);
  const images: Images = {
    db,
    stores: storesOf({ file: await openImageFiles(join(folder, 'bytes')) }),
    config,
    log: silentLog(),
    downloads: openDownloads(),
    wakeTasks: () => {},
  };
  return async (req, res) => {
    const options = { disk_format: 'raw', container_format: 'bare' };
    const image = await createImage(images, caller, options, () => {});
    await uploadImage(images, image, req, Number(req.headers['content-length']));
    await removeBytes(images, await getImage(db, caller, image.id));
    res.end();
  };
}

const server = http.createServer(mode === 'control' ? control : await openImages());
server.listen(0, '127.0.0.1', () => report(server));

import { ensureTable, type Migration } from '#shared/db/migrate.ts';

export const images: Migration = {
  name: '001-images',
  up: async (tx) => {
    await ensureTable(tx, 'images', (t) => {
      t.string('id', 36).primary();
      t.string('name', 255);
      t.string('owner', 64).index();
      t.string('status', 16).notNullable();
      t.string('visibility', 16).notNullable().index();
      t.bigInteger('size');
      t.bigInteger('virtualSize');
      t.string('checksum', 32);
      t.string('osHashAlgo', 64);
      t.string('osHashValue', 128);
      t.string('diskFormat', 32);
      t.string('containerFormat', 32);
      t.integer('minDisk').notNullable();
      t.integer('minRam').notNullable();
      t.boolean('isProtected').notNullable();
      t.boolean('osHidden').notNullable();
      t.bigInteger('createdAt').notNullable().index();
      t.bigInteger('updatedAt').notNullable();
      t.bigInteger('deletedAt').index();
      // The upload that made, or makes, its bytes: half of their name.
      t.string('uploadId', 36);
      t.bigInteger('uploadUntil');
    });
    await ensureTable(tx, 'image_properties', (t) => {
      t.string('imageId', 36).notNullable();
      t.string('name', 255).notNullable();
      t.text('value').notNullable();
      t.primary(['imageId', 'name']);
    });
    await ensureTable(tx, 'image_tags', (t) => {
      t.string('imageId', 36).notNullable();
      t.string('tag', 255).notNullable();
      t.primary(['imageId', 'tag']);
    });
    await ensureTable(tx, 'image_members', (t) => {
      t.string('imageId', 36).notNullable();
      t.string('memberId', 255).notNullable();
      t.string('status', 16).notNullable();
      t.bigInteger('createdAt').notNullable();
      t.bigInteger('updatedAt').notNullable();
      t.primary(['imageId', 'memberId']);
      t.index(['memberId', 'status']);
    });
  },
};

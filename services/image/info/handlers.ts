import { type Handler, ok } from '#shared/http/route.ts';
import type { Images } from '../context.ts';

const store = { id: 'file', description: 'Files in a directory of this cloud', default: 'true' };

export const showImportMethods: Handler<Images> = async () =>
  ok({ 'import-methods': { description: 'Import methods available.', type: 'array', value: ['glance-direct'] } });

export const listStores: Handler<Images> = async () => ok({ stores: [store] });

export const listStoreDetails: Handler<Images> = async () =>
  ok({ stores: [{ ...store, type: 'file', weight: 0, properties: {} }] });

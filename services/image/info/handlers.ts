import { type Handler, ok } from '#shared/http/route.ts';
import type { Images } from '../context.ts';

const store = { id: 'file', description: 'Files in a directory of this cloud', default: 'true' };

export const showImport: Handler<Images> = async () =>
  ok({ 'import-methods': { description: 'Import methods available.', type: 'array', value: ['glance-direct'] } });

export const showStores: Handler<Images> = async () => ok({ stores: [store] });

export const showStoresInDetail: Handler<Images> = async () =>
  ok({ stores: [{ ...store, type: 'file', weight: 0, properties: {} }] });

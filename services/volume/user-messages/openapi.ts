import type { Json } from '#shared/api/document.ts';
import { listPath, plainPaths } from '#shared/resource/routes.ts';
import { wholeRowSchema } from '#shared/resource/schema.ts';
import { message, shown } from './resource.ts';

const row: Json = { $ref: '#/components/message' };
const { put: _, ...item } = plainPaths('message', message.attributes, row, { removed: '204' }).item;

export const messages: Json = {
  list: { get: listPath('listMessages', 'messages', row) },
  item,
  components: { message: wholeRowSchema(shown) },
};

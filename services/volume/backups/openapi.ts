import type { Json } from '#shared/api/document.ts';
import { actionPath, listPath, plainPaths } from '#shared/resource/routes.ts';
import { jsonBody, jsonOf, rowSchema, wholeRowSchema } from '#shared/resource/schema.ts';
import { backupInput, shown, summary } from './resource.ts';

const ref = (name: string): Json => ({ $ref: `#/components/${name}` });
const parameters: Json = [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }];
const { post, item } = plainPaths('backup', backupInput, ref('backup'), { created: '202' });
const text: Json = { type: 'string' };
const missing: Json = { description: 'Not found, or not visible to the caller' };
const invalid: Json = { description: 'Invalid input, or not possible now' };
const object = (properties: { [name: string]: Json }, required = Object.keys(properties)): Json => ({
  type: 'object',
  required,
  additionalProperties: false,
  properties,
});
const record = object({
  'backup-record': object({
    backup_service: { type: 'string', minLength: 1, maxLength: 255 },
    backup_url: { type: 'string', minLength: 1 },
  }),
});

export const backups: Json = {
  list: { get: listPath('listBackups', 'backups', ref('summary')), post },
  detail: { get: listPath('listBackupsInDetail', 'backups', ref('backup')) },
  item,
  restore: {
    parameters,
    post: {
      operationId: 'restoreBackup',
      requestBody: jsonBody(
        object({
          restore: object(
            {
              volume_id: { type: ['string', 'null'], format: 'uuid' },
              name: { type: ['string', 'null'], maxLength: 255 },
            },
            [],
          ),
        }),
      ),
      responses: {
        202: jsonOf(
          'The volume that is restored',
          object({
            restore: object({ backup_id: text, volume_id: text, volume_name: { type: ['string', 'null'] } }),
          }),
        ),
        400: invalid,
        404: missing,
      },
    },
  },
  exportRecord: {
    parameters,
    get: { operationId: 'exportBackup', responses: { 200: jsonOf('The record', record), 400: invalid, 404: missing } },
  },
  importRecord: {
    post: {
      operationId: 'importBackup',
      requestBody: jsonBody(record),
      responses: { 201: jsonOf('The backup', object({ backup: ref('summary') })), 400: invalid },
    },
  },
  action: actionPath('actOnBackup', { 'os-reset_status': { status: text }, 'os-force_delete': null }),
  components: {
    summary: wholeRowSchema(summary),
    backup: { ...rowSchema(shown), required: ['id', 'name', 'links'] },
  },
};

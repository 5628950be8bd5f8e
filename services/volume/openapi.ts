/** The OpenAPI files of this API that definitions give, by name. */
import { backups } from './backups/openapi.ts';
import { defaultTypes } from './default-types/openapi.ts';
import { groupSnapshots } from './group-snapshots/openapi.ts';
import { groupTypes } from './group-types/openapi.ts';
import { groups } from './groups/openapi.ts';
import { manageable } from './manageable/openapi.ts';
import { metadata } from './metadata/openapi.ts';
import { qosSpecs } from './qos/openapi.ts';
import { snapshots } from './snapshots/openapi.ts';
import { transfers } from './transfers/openapi.ts';
import { typeEncryption } from './type-encryption/openapi.ts';
import { types } from './types/openapi.ts';
import { messages } from './user-messages/openapi.ts';

export const openapi = {
  backups,
  'default-types': defaultTypes,
  'group-snapshots': groupSnapshots,
  'group-types': groupTypes,
  groups,
  manageable,
  messages,
  metadata,
  'qos-specs': qosSpecs,
  snapshots,
  transfers,
  'type-encryption': typeEncryption,
  types,
};

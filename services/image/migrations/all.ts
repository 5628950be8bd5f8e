import { images } from './001-images.ts';
import { staging } from './002-staging.ts';
import { imports } from './003-imports.ts';
import { reservations } from './004-reservations.ts';
import { metadataDefinitions } from './005-metadata-definitions.ts';
import { standardMetadata } from './006-standard-namespaces.ts';
import { importStates } from './007-import-states.ts';
import { stores } from './008-stores.ts';
import { copies } from './009-copies.ts';

/** In order of execution. */
export const migrations = [
  images,
  staging,
  imports,
  reservations,
  metadataDefinitions,
  standardMetadata,
  importStates,
  stores,
  copies,
];

import { shortTime } from '#shared/api/times.ts';
import type { Association, ResourceType } from './store.ts';

export const resourceTypeView = ({ name, createdAt, updatedAt }: ResourceType) => ({
  name,
  created_at: shortTime(createdAt),
  updated_at: shortTime(updatedAt),
});

export const associationView = ({ name, prefix, propertiesTarget, createdAt, updatedAt }: Association) => ({
  name,
  ...(prefix === null ? {} : { prefix }),
  ...(propertiesTarget === null ? {} : { properties_target: propertiesTarget }),
  created_at: shortTime(createdAt),
  updated_at: shortTime(updatedAt),
});

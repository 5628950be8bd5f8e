/** The filters of each list, derived from the list definitions. */
import { type Handler, ok } from '#shared/http/route.ts';
import { listing as attachments } from '../attachments/handlers.ts';
import type { Volumes } from '../context.ts';
import { listing as snapshots } from '../snapshots/handlers.ts';
import { listing as messages } from '../user-messages/handlers.ts';
import { listing as volumes } from '../volumes/handlers.ts';

const resources = { volume: volumes, snapshot: snapshots, attachment: attachments, message: messages };

const all = Object.entries(resources).map(([resource, { filters }]) => ({
  resource,
  filters: Object.keys(filters).filter((name) => !name.endsWith('~') && !name.startsWith('display_')),
}));

export const listFilters: Handler<Volumes> = async (_service, { query: { resource } }) =>
  ok({ resource_filters: resource ? all.filter((each) => each.resource === resource) : all });

import { anyToken, type Call, ok, type Route } from '#shared/http/route.ts';
import { extraSpecs } from '#shared/resource/extra-specs.ts';
import { projectAccess } from '#shared/resource/project-access.ts';
import { plainRoutes } from '#shared/resource/routes.ts';
import type { Compute } from '../context.ts';
import { createFlavor } from './operations.ts';
import { flavorPage } from './query.ts';
import {
  briefFlavorView,
  flavorAccess,
  flavorAccessNames,
  flavorAttributes,
  flavorRows,
  flavorView,
} from './resource.ts';
import { findFlavor, removeFlavor } from './store.ts';

const path = '/v2.1/flavors';
const manage = 'os_compute_api:os-flavor-manage';
const access = 'os_compute_api:os-flavor-access';

const find = ({ db }: Compute, { caller, params }: Pick<Call<unknown, 'id'>, 'caller' | 'params'>) =>
  findFlavor(db, caller, params.id);

export const flavorRoutes: Route<Compute>[] = [
  ...plainRoutes({
    one: 'flavor',
    many: 'flavors',
    path,
    attributes: flavorAttributes,
    rules: {
      list: anyToken,
      show: anyToken,
      create: `${manage}:create`,
      update: `${manage}:update`,
      remove: `${manage}:delete`,
    },
    updateSince: '2.55',
    page: flavorPage,
    find,
    view: flavorView,
    brief: briefFlavorView,
    create: createFlavor,
    update: async ({ db }: Compute, flavor, change) => {
      await flavorRows.update(db, { id: flavor.id }, change);
      return { ...flavor, ...change };
    },
    remove: ({ db }, { id }) => db.transaction((tx) => removeFlavor(tx, id)),
  }),
  ...extraSpecs({
    path: `${path}/:id/os-extra_specs`,
    rule: 'os_compute_api:os-flavor-extra-specs',
    noun: 'Flavor',
    removed: ok(undefined),
    find,
    write: ({ db }, id, specs) => flavorRows.update(db, { id }, { extraSpecs: specs }),
  }),
  ...projectAccess({
    table: flavorAccess,
    path: `${path}/:id/os-flavor-access`,
    actionPath: `${path}/:id/action`,
    rules: { list: access, add: `${access}:add_tenant_access`, remove: `${access}:remove_tenant_access` },
    names: flavorAccessNames,
    refusals: {
      listOfPublic: 'Access list not available for public flavors.',
      addToPublic: 'Can not add access to a public flavor.',
      addToPublicSince: '2.7',
      exists: (id, project) => `Flavor access already exists for flavor ${id} and project ${project} combination.`,
      missing: (id, project) => `Flavor access not found for flavor ${id} and project ${project} combination.`,
    },
    find,
  }),
];

import { accepted, type Call, type Route } from '#shared/http/route.ts';
import { extraSpecs } from '#shared/resource/extra-specs.ts';
import { projectAccess } from '#shared/resource/project-access.ts';
import { plainRoutes } from '#shared/resource/routes.ts';
import type { Volumes } from '../context.ts';
import { listTypes } from './handlers.ts';
import { createType, defaultType, deleteType, updateType } from './operations.ts';
import { typeAccess, typeAccessNames, typeAttributes, viewByMethod, visibleSpecs } from './resource.ts';
import { changeType, findType, readTypeNamed } from './store.ts';

const path = '/types';
const rule = 'volume_extension:type';
const access = 'volume_extension:volume_type_access';

type FoundBy = Pick<Call<unknown, 'id'>, 'caller' | 'params'>;
const find = ({ db }: Volumes, { caller, params }: FoundBy) => findType(db, caller, params.id);

/** `default` is the type that a volume without a request gets. */
const findShown = async (service: Volumes, call: FoundBy) =>
  (call.params.id === 'default' ? await readTypeNamed(service.db, defaultType) : undefined) ?? find(service, call);

export const typeRoutes: Route<Volumes>[] = [
  { method: 'get', path, handler: listTypes, rule: `${rule}_get_all` },
  ...plainRoutes({
    one: 'volume_type',
    path,
    attributes: typeAttributes,
    rules: { show: `${rule}_get`, create: `${rule}_create`, update: `${rule}_update`, remove: `${rule}_delete` },
    find,
    findShown,
    view: viewByMethod,
    create: createType,
    update: updateType,
    remove: deleteType,
  }),
  ...extraSpecs({
    path: `${path}/:id/extra_specs`,
    rule: 'volume_extension:types_extra_specs',
    noun: 'Volume Type',
    removed: accepted(),
    find,
    write: ({ db }, id, specs) => changeType(db, id, { extraSpecs: specs }),
    visible: visibleSpecs,
  }),
  ...projectAccess({
    table: typeAccess,
    path: `${path}/:id/os-volume-type-access`,
    actionPath: `${path}/:id/action`,
    rules: {
      list: `${access}:get_all_for_type`,
      add: `${access}:addProjectAccess`,
      remove: `${access}:removeProjectAccess`,
    },
    names: typeAccessNames,
    refusals: {
      listOfPublic: 'Access list not available for public volume types.',
      addToPublic: 'Invalid input received: Type access modification is not applicable to public volume type.',
      exists: (id, project) => `Volume type access for ${id} / ${project} combination already exists.`,
      missing: (id, project) => `Volume type access not found for ${id} / ${project} combination.`,
    },
    done: accepted(),
    find,
  }),
];

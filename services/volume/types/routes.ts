import { atLeast } from '#shared/api/versions.ts';
import { may } from '#shared/auth/policy.ts';
import type { Query } from '#shared/db/page.ts';
import { accepted, type Call, type Route } from '#shared/http/route.ts';
import { extraSpecs } from '#shared/resource/extra-specs.ts';
import { projectAccess } from '#shared/resource/project-access.ts';
import { plainRoutes } from '#shared/resource/routes.ts';
import type { Volumes } from '../context.ts';
import { defaultTypeOf } from '../default-types/store.ts';
import { listPage } from '../listing/query.ts';
import { isTrue } from '../listing/values.ts';
import { createType, deleteType, updateType } from './operations.ts';
import {
  typeAccess,
  typeAccessNames,
  typeAttributes,
  typeRows,
  viewByMethod,
  visibleSpecs,
  volumeType,
} from './resource.ts';
import { findType, visibleTo } from './store.ts';

const path = '/types';
const rule = 'volume_extension:type';
const access = 'volume_extension:volume_type_access';

type FoundBy = Pick<Call<unknown, 'id'>, 'caller' | 'params'>;
const find = ({ db }: Volumes, { caller, params }: FoundBy) => findType(db, caller, params.id);

/** `default` is the type that a volume of the caller's project without a request gets. */
const findShown = async (service: Volumes, call: FoundBy) =>
  (call.params.id === 'default' ? await defaultTypeOf(service.db, call.caller.projectId ?? '') : undefined) ??
  find(service, call);

/** An administrator sees public ones unless he asks for others, or for all with none. Filters by extra specs came in 3.52. */
function listTypes({ db }: Volumes, call: Omit<Call, 'body'>) {
  const { caller, query, version } = call;
  const { is_public: asked = 'true', extra_specs, ...others } = query;
  const visible = (rows: Query) => {
    visibleTo(db, caller)(rows);
    if (may(caller, 'context_is_admin') && !/^none$/i.test(asked)) rows.where({ isPublic: isTrue(asked) });
  };
  const specs = atLeast(version, '3.52') && extra_specs ? { extra_specs } : {};
  return listPage(db, volumeType, { visible }, { ...call, query: { ...others, ...specs } });
}

export const typeRoutes: Route<Volumes>[] = [
  ...plainRoutes({
    one: 'volume_type',
    many: 'volume_types',
    path,
    attributes: typeAttributes,
    rules: {
      list: `${rule}_get_all`,
      show: `${rule}_get`,
      create: `${rule}_create`,
      update: `${rule}_update`,
      remove: `${rule}_delete`,
    },
    page: listTypes,
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
    write: ({ db }, id, specs) => typeRows.update(db, { id }, { extraSpecs: specs }),
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

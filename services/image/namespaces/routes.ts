/** Routes of metadata definitions. The rules are checked with the namespace as target, so that invisible ones get 404. */
import { anyToken, checkedInHandler, type Route } from '#shared/http/route.ts';
import type { Images } from '../context.ts';
import { createTag, createTags, handlersOf } from '../definitions/handlers.ts';
import * as types from '../resource-types/handlers.ts';
import * as namespaces from './handlers.ts';

const all = '/v2/metadefs/namespaces';
const one = `${all}/:namespace`;
const objects = handlersOf('objects');
const properties = handlersOf('properties');
const tags = handlersOf('tags');

type Line = readonly [Route<Images>['method'], string, Route<Images>['handler'], ...rules: string[]];

const lines: readonly Line[] = [
  ['get', one, namespaces.showNamespace, 'get_metadef_namespace'],
  ['put', one, namespaces.setNamespace, 'modify_metadef_namespace'],
  ['delete', one, namespaces.deleteNamespace, 'delete_metadef_namespace'],
  ['get', `${one}/resource_types`, types.listAssociations, 'list_metadef_resource_types'],
  ['post', `${one}/resource_types`, types.addAssociation, 'add_metadef_resource_type_association'],
  ['delete', `${one}/resource_types/:name`, types.removeAssociation, 'remove_metadef_resource_type_association'],
  ['get', `${one}/objects`, objects.list, 'get_metadef_objects'],
  ['post', `${one}/objects`, objects.create, 'add_metadef_object'],
  ['delete', `${one}/objects`, namespaces.deleteAll('objects', 'delete_metadef_namespace'), 'delete_metadef_namespace'],
  ['get', `${one}/objects/:name`, objects.show, 'get_metadef_object'],
  ['put', `${one}/objects/:name`, objects.update, 'modify_metadef_object'],
  ['delete', `${one}/objects/:name`, objects.remove('delete_metadef_object'), 'delete_metadef_object'],
  ['get', `${one}/properties`, properties.list, 'get_metadef_properties'],
  ['post', `${one}/properties`, properties.create, 'add_metadef_property'],
  [
    'delete',
    `${one}/properties`,
    namespaces.deleteAll('properties', 'delete_metadef_namespace'),
    'delete_metadef_namespace',
  ],
  ['get', `${one}/properties/:name`, properties.show, 'get_metadef_property'],
  ['put', `${one}/properties/:name`, properties.update, 'modify_metadef_property'],
  ['delete', `${one}/properties/:name`, properties.remove('remove_metadef_property'), 'remove_metadef_property'],
  ['get', `${one}/tags`, tags.list, 'get_metadef_tags'],
  ['post', `${one}/tags`, createTags, 'add_metadef_tags'],
  [
    'delete',
    `${one}/tags`,
    namespaces.deleteAll('tags', 'delete_metadef_namespace', 'delete_metadef_tags'),
    'delete_metadef_tags',
  ],
  ['get', `${one}/tags/:name`, tags.show, 'get_metadef_tag'],
  ['post', `${one}/tags/:name`, createTag, 'add_metadef_tag'],
  ['put', `${one}/tags/:name`, tags.update, 'modify_metadef_tag'],
  ['delete', `${one}/tags/:name`, tags.remove('delete_metadef_tag'), 'delete_metadef_tag'],
];

export const metadataRoutes: readonly Route<Images>[] = [
  { method: 'get', path: all, handler: namespaces.listNamespaces, rule: 'get_metadef_namespaces' },
  { method: 'post', path: all, handler: namespaces.createNamespace, rule: 'add_metadef_namespace' },
  {
    method: 'get',
    path: '/v2/metadefs/resource_types',
    handler: types.listResourceTypes,
    rule: 'list_metadef_resource_types',
  },
  ...namespaces.documentHandlers.map(
    ([name, handler]): Route<Images> => ({
      method: 'get',
      path: `/v2/schemas/metadefs/${name}`,
      handler,
      rule: anyToken,
    }),
  ),
  ...lines.map(
    ([method, path, handler, ...rules]): Route<Images> => ({ method, path, handler, rule: checkedInHandler(...rules) }),
  ),
];

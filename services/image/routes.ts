import { anyToken, checkedInHandler, type Route } from '#shared/http/route.ts';
import * as bytes from './bytes/handlers.ts';
import { refuseCache } from './cache/handlers.ts';
import type { Images } from './context.ts';
import { addLocation, deleteFromStore } from './copies/handlers.ts';
import * as images from './images/handlers.ts';
import * as imports from './imports/handlers.ts';
import * as info from './info/handlers.ts';
import { listImages } from './listing/handlers.ts';
import * as members from './members/handlers.ts';
import { metadataRoutes } from './namespaces/routes.ts';
import * as schemas from './schemas/handlers.ts';
import { tagsOfImages } from './tags/handlers.ts';
import { listVersions, listVersionsAtRoot } from './versions/handlers.ts';

const all = '/v2/images';
const image = '/v2/images/:id';
const member = '/v2/images/:id/members/:member';

type Line = readonly [Route<Images>['method'], string, Route<Images>['handler'], string | readonly string[], 'stream'?];

/** Method, path, handler, and the rule that it checks with the image as target, so that invisible images get 404. */
const ofImages: readonly Line[] = [
  ['post', all, images.createImage, 'add_image'],
  ['get', image, images.showImage, 'get_image'],
  ['patch', image, images.patchImage, 'modify_image'],
  ['delete', image, images.deleteImage, 'delete_image'],
  ['delete', '/v2/stores/:store/:id', deleteFromStore, 'delete_image_location'],
  ['post', `${image}/locations`, addLocation, 'add_image_location'],
  ['put', `${image}/file`, bytes.putBytes, 'upload_image', 'stream'],
  ['get', `${image}/file`, bytes.getBytes, 'download_image'],
  ['put', `${image}/stage`, bytes.stageBytes, 'modify_image', 'stream'],
  ['post', `${image}/import`, imports.importImage, ['modify_image', 'copy_image']],
  ['get', `${image}/tasks`, imports.listImports, 'get_image'],
  ['post', `${image}/actions/deactivate`, images.deactivateImage, 'deactivate'],
  ['post', `${image}/actions/reactivate`, images.reactivateImage, 'reactivate'],
  ['get', `${image}/members`, members.listMembers, 'get_members'],
  ['post', `${image}/members`, members.addMember, 'add_member'],
  ['get', member, members.showMember, 'get_member'],
  ['put', member, members.setMemberStatus, 'modify_member'],
  ['delete', member, members.deleteMember, 'delete_member'],
];

export const routes: Route<Images>[] = [
  { method: 'get', path: '/', handler: listVersionsAtRoot, auth: 'none' },
  { method: 'get', path: '/versions', handler: listVersions, auth: 'none' },
  { method: 'get', path: all, handler: listImages, rule: 'get_images' },
  { method: 'delete', path: all, handler: images.refuseDeleteAll, rule: anyToken },
  { method: 'get', path: '/v2/schemas/image', handler: schemas.showImageSchema, rule: anyToken },
  { method: 'get', path: '/v2/schemas/images', handler: schemas.showImagesSchema, rule: anyToken },
  { method: 'get', path: '/v2/schemas/member', handler: schemas.showMemberSchema, rule: anyToken },
  { method: 'get', path: '/v2/schemas/members', handler: schemas.showMembersSchema, rule: anyToken },
  { method: 'get', path: '/v2/info/import', handler: info.showImportMethods, rule: anyToken },
  { method: 'get', path: '/v2/info/usage', handler: info.showUsage, rule: anyToken },
  { method: 'get', path: '/v2/schemas/task', handler: schemas.showTaskSchema, rule: anyToken },
  { method: 'get', path: '/v2/schemas/tasks', handler: schemas.showTasksSchema, rule: anyToken },
  { method: 'get', path: '/v2/tasks', handler: imports.listTasks, rule: 'tasks_api_access' },
  { method: 'post', path: '/v2/tasks', handler: imports.createTask, rule: 'tasks_api_access' },
  { method: 'get', path: '/v2/tasks/:id', handler: imports.showTask, rule: 'tasks_api_access' },
  { method: 'delete', path: '/v2/tasks/:id', handler: imports.refuseDelete, rule: 'tasks_api_access' },
  { method: 'get', path: '/v2/info/stores', handler: info.listStores, rule: anyToken },
  { method: 'get', path: '/v2/info/stores/detail', handler: info.listStoreDetails, rule: 'stores_info_detail' },
  ...ofImages.map(
    ([method, path, handler, rule, body]): Route<Images> => ({
      method,
      path,
      handler,
      rule: checkedInHandler(...[rule].flat()),
      ...(body && { body }),
    }),
  ),
  ...tagsOfImages,
  { method: 'get', path: '/v2/cache', handler: refuseCache, rule: 'cache_list' },
  { method: 'delete', path: '/v2/cache', handler: refuseCache, rule: 'cache_delete' },
  { method: 'post', path: '/v2/cache/clean', handler: refuseCache, rule: 'cache_clean' },
  { method: 'post', path: '/v2/cache/prune', handler: refuseCache, rule: 'cache_prune' },
  { method: 'put', path: '/v2/cache/:id', handler: refuseCache, rule: 'cache_image' },
  { method: 'delete', path: '/v2/cache/:id', handler: refuseCache, rule: 'cache_delete' },
  ...metadataRoutes,
];

import type { Route } from '#shared/http/route.ts';
import { getBytes, putBytes, stageBytes } from './bytes/handlers.ts';
import type { Images } from './context.ts';
import {
  createImage,
  deactivateImage,
  deleteImage,
  patchImage,
  reactivateImage,
  refuseDeleteAll,
  showImage,
} from './images/handlers.ts';
import { importImage, listImports } from './imports/handlers.ts';
import { listStoreDetails, listStores, showImportMethods } from './info/handlers.ts';
import { listImages } from './listing/handlers.ts';
import { addMember, deleteMember, listMembers, setMemberStatus, showMember } from './members/handlers.ts';
import { showImageSchema, showImagesSchema, showMemberSchema, showMembersSchema } from './schemas/handlers.ts';
import { addTag, removeTag } from './tags/handlers.ts';
import { listVersions, listVersionsAtRoot } from './versions/handlers.ts';

const images = '/v2/images';
const image = '/v2/images/:id';
const members = '/v2/images/:id/members';
const member = '/v2/images/:id/members/:member';
const tag = '/v2/images/:id/tags/:tag';

/** With a null rule the handler enforces it with the image as target, so that invisible images get 404. */
export const routes: Route<Images>[] = [
  { method: 'get', path: '/', handler: listVersionsAtRoot, rule: null, auth: 'none' },
  { method: 'get', path: '/versions', handler: listVersions, rule: null, auth: 'none' },
  { method: 'get', path: images, handler: listImages, rule: 'get_images' },
  { method: 'post', path: images, handler: createImage, rule: null },
  { method: 'delete', path: images, handler: refuseDeleteAll, rule: null },
  { method: 'get', path: image, handler: showImage, rule: null },
  { method: 'patch', path: image, handler: patchImage, rule: null },
  { method: 'delete', path: image, handler: deleteImage, rule: null },
  { method: 'put', path: `${image}/file`, handler: putBytes, rule: null, body: 'stream' },
  { method: 'get', path: `${image}/file`, handler: getBytes, rule: null },
  { method: 'put', path: `${image}/stage`, handler: stageBytes, rule: null, body: 'stream' },
  { method: 'post', path: `${image}/import`, handler: importImage, rule: null },
  { method: 'get', path: `${image}/tasks`, handler: listImports, rule: null },
  { method: 'post', path: `${image}/actions/deactivate`, handler: deactivateImage, rule: null },
  { method: 'post', path: `${image}/actions/reactivate`, handler: reactivateImage, rule: null },
  { method: 'get', path: members, handler: listMembers, rule: null },
  { method: 'post', path: members, handler: addMember, rule: null },
  { method: 'get', path: member, handler: showMember, rule: null },
  { method: 'put', path: member, handler: setMemberStatus, rule: null },
  { method: 'delete', path: member, handler: deleteMember, rule: null },
  { method: 'put', path: tag, handler: addTag, rule: null },
  { method: 'delete', path: tag, handler: removeTag, rule: null },
  { method: 'get', path: '/v2/schemas/image', handler: showImageSchema, rule: null },
  { method: 'get', path: '/v2/schemas/images', handler: showImagesSchema, rule: null },
  { method: 'get', path: '/v2/schemas/member', handler: showMemberSchema, rule: null },
  { method: 'get', path: '/v2/schemas/members', handler: showMembersSchema, rule: null },
  { method: 'get', path: '/v2/info/import', handler: showImportMethods, rule: null },
  { method: 'get', path: '/v2/info/stores', handler: listStores, rule: null },
  { method: 'get', path: '/v2/info/stores/detail', handler: listStoreDetails, rule: 'stores_info_detail' },
];

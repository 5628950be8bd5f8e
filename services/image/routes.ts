import { anyToken, checkedInHandler, type Route } from '#shared/http/route.ts';
import * as bytes from './bytes/handlers.ts';
import type { Images } from './context.ts';
import * as images from './images/handlers.ts';
import * as imports from './imports/handlers.ts';
import * as info from './info/handlers.ts';
import { listImages } from './listing/handlers.ts';
import * as members from './members/handlers.ts';
import * as schemas from './schemas/handlers.ts';
import { tagsOfImages } from './tags/handlers.ts';
import { listVersions, listVersionsAtRoot } from './versions/handlers.ts';

const all = '/v2/images';
const image = '/v2/images/:id';
const member = '/v2/images/:id/members/:member';

/** Handlers check their rule with the image as target, so that invisible images get 404. */
export const routes: Route<Images>[] = [
  { method: 'get', path: '/', handler: listVersionsAtRoot, auth: 'none' },
  { method: 'get', path: '/versions', handler: listVersions, auth: 'none' },
  { method: 'get', path: all, handler: listImages, rule: 'get_images' },
  { method: 'post', path: all, handler: images.createImage, rule: checkedInHandler('add_image') },
  { method: 'delete', path: all, handler: images.refuseDeleteAll, rule: anyToken },
  { method: 'get', path: image, handler: images.showImage, rule: checkedInHandler('get_image') },
  { method: 'patch', path: image, handler: images.patchImage, rule: checkedInHandler('modify_image') },
  { method: 'delete', path: image, handler: images.deleteImage, rule: checkedInHandler('delete_image') },
  {
    method: 'put',
    path: `${image}/file`,
    handler: bytes.putBytes,
    rule: checkedInHandler('upload_image'),
    body: 'stream',
  },
  { method: 'get', path: `${image}/file`, handler: bytes.getBytes, rule: checkedInHandler('download_image') },
  {
    method: 'put',
    path: `${image}/stage`,
    handler: bytes.stageBytes,
    rule: checkedInHandler('modify_image'),
    body: 'stream',
  },
  { method: 'post', path: `${image}/import`, handler: imports.importImage, rule: checkedInHandler('modify_image') },
  { method: 'get', path: `${image}/tasks`, handler: imports.listImports, rule: checkedInHandler('get_image') },
  {
    method: 'post',
    path: `${image}/actions/deactivate`,
    handler: images.deactivateImage,
    rule: checkedInHandler('deactivate'),
  },
  {
    method: 'post',
    path: `${image}/actions/reactivate`,
    handler: images.reactivateImage,
    rule: checkedInHandler('reactivate'),
  },
  { method: 'get', path: `${image}/members`, handler: members.listMembers, rule: checkedInHandler('get_members') },
  { method: 'post', path: `${image}/members`, handler: members.addMember, rule: checkedInHandler('add_member') },
  { method: 'get', path: member, handler: members.showMember, rule: checkedInHandler('get_member') },
  { method: 'put', path: member, handler: members.setMemberStatus, rule: checkedInHandler('modify_member') },
  { method: 'delete', path: member, handler: members.deleteMember, rule: checkedInHandler('delete_member') },
  ...tagsOfImages,
  { method: 'get', path: '/v2/schemas/image', handler: schemas.showImageSchema, rule: anyToken },
  { method: 'get', path: '/v2/schemas/images', handler: schemas.showImagesSchema, rule: anyToken },
  { method: 'get', path: '/v2/schemas/member', handler: schemas.showMemberSchema, rule: anyToken },
  { method: 'get', path: '/v2/schemas/members', handler: schemas.showMembersSchema, rule: anyToken },
  { method: 'get', path: '/v2/info/import', handler: info.showImportMethods, rule: anyToken },
  { method: 'get', path: '/v2/info/stores', handler: info.listStores, rule: anyToken },
  { method: 'get', path: '/v2/info/stores/detail', handler: info.listStoreDetails, rule: 'stores_info_detail' },
];

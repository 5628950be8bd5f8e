/** Advisories on the image service and image handling without a test, and why they do not apply. */
export const reasons: Readonly<Record<string, string>> = {
  'OSSA-2013-002':
    'No store of images has credentials: bytes are files in image.directory, and services/image/config.ts declares no secret that an error could show.',
  'OSSA-2013-007':
    'An image has no location and no store with credentials; imageView in services/image/images/view.ts shows neither locations nor direct_url.',
  'OSSA-2014-004':
    'There is no store that a password is needed for, so none can fail with one in its log; the only driver is services/image/drivers/file.ts.',
  'OSSN-0025':
    'Images are not kept in the object store: services/image/drivers holds one driver, of a directory that only the service reads.',
};

'use strict';

// Tokens stay in memory: a reload forgets them. Pages of earlier versions kept them here.
localStorage.removeItem('authorized');

SwaggerUIBundle({
  url: document.currentScript.dataset.contract,
  dom_id: '#swagger-ui',
  deepLinking: true,
  showExtensions: true,
  showCommonExtensions: true,
  validatorUrl: null,
  persistAuthorization: false,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
});

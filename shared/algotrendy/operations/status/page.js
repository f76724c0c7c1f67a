(function(){"use strict";
var body=document.body,made=Date.parse(body.dataset.made),late=Number(body.dataset.late)*1000;
function look(){var age=Date.now()-made,box=document.getElementById("stale");
if(age>late){box.hidden=false;document.getElementById("age").textContent=Math.round(age/60000);}}
look();setInterval(look,10000);
setInterval(function(){if(document.visibilityState==="visible"&&navigator.onLine)location.reload();},60000);
})();

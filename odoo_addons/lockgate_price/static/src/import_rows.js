import { BaseImportModel } from "@base_import/import_model";
import { patch } from "@web/core/utils/patch";

// One bad row and none is taken, unless the user says so: an option that lines of price changes have.
patch(BaseImportModel.prototype, {
    setResModel(resModel) {
        super.setResModel(resModel);
        if (resModel === "lockgate.price.change.line") {
            this.importOptionsValues.take_good_rows = { value: false };
        }
    },
});
